import { columnsOf } from './visible.js';

/** The rows of a table as lines, two spaces between columns: the first one to the left, those named to the right. */
export function aligned(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - columnsOf(cell));
        return rightAligned.includes(column) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Whether the lines fit into a terminal of so many columns; anything else than a terminal has room. */
export function fits(lines: readonly string[], columns: number | undefined): boolean {
  return columns === undefined || lines.every((line) => columnsOf(line) <= columns);
}
