import type { Diagnostic } from '../../toml/diagnostic.js';
import { toPrintable } from '../text/printable.js';

/**
 * Formats a diagnostic as a workflow command of GitHub Actions, which shows it beside the line in a pull request
 * (docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11).
 * @param file relative to the repository; undefined for a diagnostic without a file
 */
export function formatAnnotation({ severity, rule, message, location, suggestion }: Diagnostic, file?: string): string {
  const { line, column = 0, length = 0 } = location ?? {};
  const position = location && { line, endLine: line, col: column, endColumn: column + length };
  const properties = {
    ...(file !== undefined && { file, ...position }),
    title: rule,
  };
  const propertyList = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const text = suggestion === undefined ? message : `${message}\ndid you mean "${suggestion}"?`;
  return `::${severity} ${propertyList.join(',')}::${escapeData(text)}`;
}

/**
 * Escapes text for a command. The runner reads one command per line and decodes `%` escapes. Its log interprets control
 * characters as a terminal does, so they become symbols.
 */
function escapeData(text: string): string {
  return toPrintable(text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
