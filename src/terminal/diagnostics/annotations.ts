import type { Diagnostic } from '../../toml/diagnostic.js';
import { toPrintable } from '../text/printable.js';

/**
 * A fault as GitHub Actions wants it told, to be shown beside the line in a pull request: a workflow command
 * (docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11).
 * @param file relative to the repository; undefined for a fault of no file
 */
export function formatAnnotation({ severity, rule, message, location, suggestion }: Diagnostic, file?: string): string {
  const properties = {
    ...(file !== undefined && { file }),
    ...(file !== undefined && location && { line: location.line, endLine: location.line }),
    ...(file !== undefined && location && { col: location.column, endColumn: location.column + location.length }),
    title: rule,
  };
  const propertyList = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const text = suggestion === undefined ? message : `${message}\ndid you mean "${suggestion}"?`;
  return `::${severity} ${propertyList.join(',')}::${escapeData(text)}`;
}

/** The runner reads a line at a time, and `%` begins what stands for another character. Its log obeys what controls a terminal. */
function escapeData(text: string): string {
  return toPrintable(text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
