import { BoticelliError } from '../errors.js';
import type { Act, MediaInput, TextInput } from '../narrative/narrative.js';
import { fill, parseTemplate, variableNamed } from '../narrative/template.js';

/** What `{{names}}` stand for when an act plays. */
export interface Values {
  /** The latest reply of each act that has played. */
  replies: ReadonlyMap<string, string>;
  /** The reply of the act before. */
  previous: string | undefined;
  vars: ReadonlyMap<string, string>;
  /** What was read from standard input, where a text of the run uses it. */
  stdin: string | undefined;
  round: number;
}

/** An act as it is sent: the narratives in it have been played. */
export type FilledAct = Omit<Act, 'inputs' | 'context'> & { inputs: readonly (TextInput | MediaInput)[] };

/**
 * The text with its `{{names}}` filled. Fails with `invalid_narrative` on a name that nothing defines, which a narrative
 * that was loaded from a file does not have.
 */
export function fillText(text: string, values: Values): string {
  return fill(parseTemplate(text).pieces, (name) => {
    const value = valueFor(name, values);
    if (value !== undefined) return value;
    throw new BoticelliError('invalid_narrative', `nothing defines {{${name}}} here`, {
      hint: 'Name an act that has played, previous, round, stdin or vars.<name>; to have braces sent, write \\{{.',
    });
  });
}

function valueFor(name: string, { replies, previous, vars, stdin, round }: Values): string | undefined {
  if (name === 'previous') return previous;
  if (name === 'stdin') return stdin;
  if (name === 'round') return String(round);
  const variable = variableNamed(name);
  return variable === undefined ? replies.get(name) : vars.get(variable);
}

/** Fails where filling left nothing to ask: the service would refuse it. */
export function assertAsks({ inputs }: FilledAct): void {
  const isBlank = inputs.every((input) => input.type === 'text' && input.content.trim() === '');
  if (!isBlank) return;
  throw new BoticelliError('invalid_narrative', 'the prompt is empty once its {{names}} are filled', {
    hint: 'Look at what fills it: a variable or standard input is empty.',
  });
}
