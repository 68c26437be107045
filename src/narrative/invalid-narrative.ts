import { BoticelliError } from '../errors.js';
import { type Diagnostic, formatLocation } from '../toml/diagnostic.js';
import type { MediaTemplate } from './narrative.js';
import type { MediaProblem } from './parse/load-media.js';

/**
 * A narrative file has faults. The code is `invalid_narrative`, or `no_input` where the file is well written and only
 * media that it names can't be found.
 */
export class InvalidNarrative extends BoticelliError {
  /** Every fault of the file, warnings too, in its order. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const suffix = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(getErrorCode(diagnostics), `${formatLocation(file, first)}${first?.message ?? ''}${suffix}`, {
      hint: 'Run `boticelli check` on the file to see every fault in its place.',
    });
    this.name = 'InvalidNarrative';
    this.diagnostics = diagnostics;
  }
}

const unreadableRules = ['unreadable', 'media-not-found', 'narrative-not-found', 'schema-not-found'];

/** `no_input` where all that is wrong is a file that can't be read: the narrative itself, or what it names. */
export function getErrorCode(diagnostics: readonly Diagnostic[]): 'no_input' | 'invalid_narrative' {
  return getErrorCodeOfRules(diagnostics.filter(({ severity }) => severity === 'error'));
}

function getErrorCodeOfRules(problems: readonly { rule: string }[]): 'no_input' | 'invalid_narrative' {
  return problems.every(({ rule }) => unreadableRules.includes(rule)) ? 'no_input' : 'invalid_narrative';
}

/** The failure of an act that can't show a medium of whose name nothing was known before. What is said is what `check` says. */
export function createMediaError(template: MediaTemplate, { rule, message }: MediaProblem): BoticelliError {
  return new BoticelliError(getErrorCodeOfRules([{ rule }]), message, {
    hint: `Look at what fills ${JSON.stringify(template.text)}.`,
  });
}
