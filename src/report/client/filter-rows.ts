/** Makes the controls hide each row that lacks a word of the filter or has another outcome than the chosen one. */
export function addRowFilter(controls: HTMLElement): void {
  const table = document.getElementById(controls.dataset.table ?? '');
  const filter = controls.querySelector<HTMLInputElement>('.filter');
  const outcome = controls.querySelector<HTMLSelectElement>('.outcome');
  const count = controls.querySelector('.count');
  if (!(table instanceof HTMLTableElement) || !filter || !outcome || !count) return;
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const format = (value: number) => value.toLocaleString('en-US');
  // Reading the text of thousands of rows takes a while, so it waits for the first use.
  let texts: Map<HTMLTableRowElement, string> | undefined;
  const update = () => {
    texts ??= new Map(rows.map((row) => [row, (row.textContent ?? '').toLowerCase()]));
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = texts.get(row) ?? '';
      const hasOutcome = outcome.value === '' || row.dataset.outcome === outcome.value;
      row.hidden = !(hasOutcome && words.every((word) => text.includes(word)));
      if (!row.hidden) shown += 1;
    }
    const total = `${format(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
    count.textContent = shown === rows.length ? total : `${format(shown)} of ${total}`;
  };
  filter.addEventListener('input', update);
  outcome.addEventListener('change', update);
  // A browser that goes back to the page restores the inputs but not the rows.
  if (filter.value !== '' || outcome.value !== '') update();
}
