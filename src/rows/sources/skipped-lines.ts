/** The maximum number of lines that a warning lists. */
const maxListed = 10;

/** Formats the warning about empty lines; none if there are none. */
export function formatSkippedLines(name: string, lines: readonly number[]): string[] {
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${name}:${lines[0]}: an empty line is skipped`];
  const listed = lines.slice(0, maxListed).join(', ');
  return [`${name}: ${lines.length} empty lines are skipped: ${listed}${lines.length > maxListed ? ', …' : ''}`];
}
