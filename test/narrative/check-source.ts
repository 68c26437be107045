import { fileURLToPath } from 'node:url';
import { checkNarrative } from '../../src/narrative/load-narrative.js';
import type { Diagnostic } from '../../src/toml/diagnostic.js';
import { assertSchemaAgrees } from './assert-schema-agrees.js';

/** The folder of the media files that the narratives of these tests name. */
export const mediaFolder = fileURLToPath(new URL('../fixtures/media', import.meta.url));

/** Checks a narrative as if its file were in `mediaFolder`. */
export function checkSource(source: string | Uint8Array) {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  return checkNarrative({ file: 'story.toml', bytes, folder: mediaFolder });
}

/**
 * Returns the problems of a narrative as lines: `3:1 unknown-key: message → suggestion`. The line of a warning begins
 * with `warning`. Also asserts that the JSON Schema agrees with `check` about the narrative.
 */
export async function collectProblems(source: string | Uint8Array): Promise<string[]> {
  const { diagnostics } = await checkSource(source);
  assertSchemaAgrees(source, diagnostics);
  return formatDiagnostics(diagnostics);
}

/** Formats diagnostics as lines, as `collectProblems` does. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ severity, rule, message, location, suggestion }) => {
    const position = location ? `${location.line}:${location.column}` : '-';
    const hint = suggestion === undefined ? '' : ` → ${suggestion}`;
    return `${severity === 'warning' ? 'warning ' : ''}${position} ${rule}: ${message}${hint}`;
  });
}

/** Renders the tables of a narrative before `[acts]`: four lines, so what follows begins on line 5. */
export function renderHead(...order: string[]): string {
  return `[narrative]\nname = "story"\n[toc]\norder = ${JSON.stringify(order)}\n`;
}
