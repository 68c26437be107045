/** Makes the button of each column sort the rows of the table by that column: first ascending, then descending. */
export function addSorting(table: HTMLTableElement): void {
  const [body] = table.tBodies;
  const headers = [...(table.tHead?.rows[0]?.cells ?? [])];
  for (const [column, header] of headers.entries()) {
    header.querySelector('button')?.addEventListener('click', () => {
      const sortsAscending = header.getAttribute('aria-sort') !== 'ascending';
      for (const other of headers) other.removeAttribute('aria-sort');
      header.setAttribute('aria-sort', sortsAscending ? 'ascending' : 'descending');
      if (body) sortRows(body, column, header.classList.contains('number'), sortsAscending ? 1 : -1);
    });
  }
}

function sortRows(body: HTMLTableSectionElement, column: number, isNumber: boolean, direction: 1 | -1): void {
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  const keyed = [...body.rows].map((row) => ({ row, key: getKey(row.cells[column], isNumber) }));
  keyed.sort(
    ({ key: one }, { key: other }) =>
      direction * (typeof one === 'number' && typeof other === 'number' ? one - other : compare(`${one}`, `${other}`)),
  );
  body.append(...keyed.map(({ row }) => row));
}

function getKey(cell: HTMLTableCellElement | undefined, isNumber: boolean): number | string {
  if (isNumber) return Number(cell?.dataset.value ?? -1);
  // A cell with a folded reply is sorted by the summary, which is always visible.
  return (cell?.querySelector('summary') ?? cell)?.textContent ?? '';
}
