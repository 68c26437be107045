/** The maximum number of lines that a warning lists. */
const maxListed = 10;

/** Returns the warning about empty lines, or no warning if no line is empty. */
export function formatSkippedLines(name: string, lines: readonly number[]): string[] {
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${name}:${lines[0]}: an empty line is skipped`];
  const listed = lines.slice(0, maxListed).join(', ');
  return [`${name}: ${lines.length} empty lines are skipped: ${listed}${lines.length > maxListed ? ', …' : ''}`];
}
