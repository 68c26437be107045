import { measureWidth } from './display-line.js';

/** The rows of a table as lines, two spaces between columns: the first one to the left, those named to the right. */
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

/** Whether the lines fit into a terminal of so many columns; anything else than a terminal has room. */
export function fitsWidth(lines: readonly string[], columns: number | undefined): boolean {
  return columns === undefined || lines.every((line) => measureWidth(line) <= columns);
}
