import { BoticelliError } from '../errors.js';
import type { Diagnostic } from './diagnostic.js';

/**
 * A narrative file has faults. The code is `invalid_narrative`, or `no_input` where the file is well written and only
 * media that it names can't be found.
 */
export class InvalidNarrative extends BoticelliError {
  /** Every fault of the file, warnings too, in its order. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const isMediaAlone = errors.every(({ rule }) => rule === 'media-not-found');
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(isMediaAlone ? 'no_input' : 'invalid_narrative', `${whereIs(file, first)}${first?.message ?? ''}${more}`, {
      hint: 'Run `boticelli check` on the file to see every fault in its place.',
    });
    this.name = 'InvalidNarrative';
    this.diagnostics = diagnostics;
  }
}

function whereIs(file: string, diagnostic: Diagnostic | undefined): string {
  const place = diagnostic?.place;
  return place ? `${file}:${place.line}:${place.column}: ` : `${file}: `;
}
