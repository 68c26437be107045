import type { Diagnostic } from '../../narrative/diagnostic.js';
import { printable } from '../text/printable.js';

/**
 * A fault as GitHub Actions wants it told, to be shown beside the line in a pull request: a workflow command
 * (docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11).
 * @param file relative to the repository; undefined for a fault of no file
 */
export function annotationOf({ severity, rule, message, place, suggestion }: Diagnostic, file?: string): string {
  const properties = {
    ...(file !== undefined && { file }),
    ...(file !== undefined && place && { line: place.line, endLine: place.line }),
    ...(file !== undefined && place && { col: place.column, endColumn: place.column + place.length }),
    title: rule,
  };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapedProperty(String(value))}`);
  const words = suggestion === undefined ? message : `${message}\ndid you mean "${suggestion}"?`;
  return `::${severity} ${list.join(',')}::${escaped(words)}`;
}

/** The runner reads a line at a time, and `%` begins what stands for another character. Its log obeys what controls a terminal. */
function escaped(text: string): string {
  return printable(text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
