import { fileURLToPath } from 'node:url';
import { checkNarrative } from '../../src/narrative/load-narrative.js';
import type { Diagnostic } from '../../src/narrative/loaded-narrative.js';
import { assertSchemaAgrees } from './assert-schema-agrees.js';

/** The folder of the pictures that the narratives of these tests name. */
export const mediaFolder = fileURLToPath(new URL('../fixtures/media', import.meta.url));

/** Checks a narrative that stands next to the test pictures. */
export function checkSource(source: string | Uint8Array) {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  return checkNarrative({ file: 'story.toml', bytes, folder: mediaFolder });
}

/** What is wrong with a narrative, a line a fault: `3:1 unknown-key: message → suggestion`; a warning begins with `~`. */
export async function collectProblems(source: string | Uint8Array): Promise<string[]> {
  const { diagnostics } = await checkSource(source);
  await assertSchemaAgrees(source, diagnostics);
  return formatDiagnostics(diagnostics);
}

/** The same of faults that are there already. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ severity, rule, message, location: place, suggestion }) => {
    const location = place ? `${place.line}:${place.column}` : '-';
    const hint = suggestion === undefined ? '' : ` → ${suggestion}`;
    return `${severity === 'warning' ? '~ ' : ''}${location} ${rule}: ${message}${hint}`;
  });
}

/** The part of a narrative file that is before its acts: four lines, so that the acts begin on line 5. */
export function renderHead(...order: string[]): string {
  return `[narrative]\nname = "story"\n[toc]\norder = ${JSON.stringify(order)}\n`;
}
