import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '../../src/narrative/diagnostic.js';
import { checkNarrative } from '../../src/narrative/load-narrative.js';
import { assertInStep } from './in-step.js';

/** The folder of the pictures that the narratives of these tests name. */
export const mediaFolder = fileURLToPath(new URL('../fixtures/media', import.meta.url));

/** Checks a narrative that stands next to the test pictures. */
export function checked(source: string | Uint8Array) {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  return checkNarrative({ file: 'story.toml', bytes, folder: mediaFolder });
}

/** What is wrong with a narrative, a line a fault: `3:1 unknown-key: message → suggestion`; a warning begins with `~`. */
export async function faultsOf(source: string | Uint8Array): Promise<string[]> {
  const { diagnostics } = await checked(source);
  await assertInStep(source, diagnostics);
  return linesOf(diagnostics);
}

/** The same of faults that are there already. */
export function linesOf(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ severity, rule, message, place, suggestion }) => {
    const where = place ? `${place.line}:${place.column}` : '-';
    const meant = suggestion === undefined ? '' : ` → ${suggestion}`;
    return `${severity === 'warning' ? '~ ' : ''}${where} ${rule}: ${message}${meant}`;
  });
}

/** The part of a narrative file that is before its acts: four lines, so that the acts begin on line 5. */
export function head(...order: string[]): string {
  return `[narrative]\nname = "story"\n[toc]\norder = ${JSON.stringify(order)}\n`;
}
