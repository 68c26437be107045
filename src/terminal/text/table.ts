import { measureWidth } from './printable.js';

/**
 * Formats rows as lines with two spaces between columns.
 * @param rightAligned the indexes of the right-aligned columns; the others are left-aligned
 */
export function formatTable(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => measureWidth(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - measureWidth(cell));
        return rightAligned.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Tests whether lines fit into a terminal. All lines fit if `columns` is undefined, because there is no terminal. */
export function fitsWidth(lines: readonly string[], columns: number | undefined): boolean {
  return columns === undefined || lines.every((line) => measureWidth(line) <= columns);
}
