import { BoticelliError } from '../errors.js';
import { type Diagnostic, formatLocation } from '../toml/diagnostic.js';
import type { MediaTemplate } from './narrative.js';
import type { MediaProblem } from './parse/load-media.js';

/** The error for a narrative file with errors. `getErrorCode` determines its code. */
export class InvalidNarrative extends BoticelliError {
  /** All errors and warnings: those of the file, in its order, then those of nested narratives. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const suffix = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(getErrorCode(diagnostics), `${formatLocation(file, first)}${first?.message ?? ''}${suffix}`, {
      hint: 'Run `boticelli check` on the file to see every error with its location.',
    });
    this.name = 'InvalidNarrative';
    this.diagnostics = diagnostics;
  }
}

/** The rules of errors about a file that can't be read. */
const unreadableRules = [
  'unreadable',
  'outside-folder',
  'media-not-found',
  'narrative-not-found',
  'schema-not-found',
  'text-not-found',
];

/**
 * Returns `no_input` if every error is about a file that can't be read (the narrative itself, or a file that it refers
 * to), and `invalid_narrative` otherwise.
 */
export function getErrorCode(
  diagnostics: readonly Pick<Diagnostic, 'severity' | 'rule'>[],
): 'no_input' | 'invalid_narrative' {
  const isUnreadable = diagnostics.every(
    ({ severity, rule }) => severity === 'warning' || unreadableRules.includes(rule),
  );
  return isUnreadable ? 'no_input' : 'invalid_narrative';
}

/** Creates the error of an act whose media can't be read, with the message that `check` would print. */
export function createMediaError(template: MediaTemplate, { rule, message }: MediaProblem): BoticelliError {
  return new BoticelliError(getErrorCode([{ severity: 'error', rule }]), message, {
    hint: `Check the values of the placeholders in ${JSON.stringify(template.text)}.`,
  });
}
