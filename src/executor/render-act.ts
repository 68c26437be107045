import { BoticelliError } from '../errors.js';
import { unusableMedium } from '../narrative/invalid-narrative.js';
import type { Act, Input, MediaInput, MediaTemplate, TextInput } from '../narrative/narrative.js';
import { loadFilled, valueInName } from '../narrative/parse/filled-media.js';
import { fill, namesUsedIn, parseTemplate, variableNamed } from '../narrative/template.js';

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
 * @param written how a value stands in the text
 */
export function fillText(text: string, values: Values, written: (value: string) => string = asItIs): string {
  return fill(parseTemplate(text).pieces, (name) => {
    const value = valueFor(name, values);
    if (value !== undefined) return written(value);
    throw new BoticelliError('invalid_narrative', `nothing defines {{${name}}} here`, {
      hint: 'Name an act that has played, previous, round, stdin or vars.<name>; to have braces sent, write \\{{.',
    });
  });
}

const asItIs = (value: string): string => value;

function valueFor(name: string, { replies, previous, vars, stdin, round }: Values): string | undefined {
  if (name === 'previous') return previous;
  if (name === 'stdin') return stdin;
  if (name === 'round') return String(round);
  const variable = variableNamed(name);
  return variable === undefined ? replies.get(name) : vars.get(variable);
}

/**
 * The input with its `{{names}}` filled by `filled`; the medium that they name is read. Fails where it can't be used, as
 * `check` does.
 * @param rehearses whether replies are no real ones: what one would name is a text that says so
 */
export async function fillInput(
  input: Input,
  filled: (text: string, written?: (value: string) => string) => string,
  { rehearses = false }: { rehearses?: boolean },
): Promise<Exclude<Input, MediaTemplate>> {
  if (input.type === 'text') return { type: 'text', content: filled(input.content) };
  if (input.type !== 'media-template') return input;
  const name = filled(input.text, valueInName);
  if (rehearses && isNamedByReply(input)) return { type: 'text', content: `[the medium that ${input.text} will name]` };
  const loaded = await loadFilled(input, name);
  if ('media' in loaded) return loaded.media;
  throw unusableMedium(input, loaded.problem);
}

function isNamedByReply({ text }: MediaTemplate): boolean {
  return namesUsedIn(text).some((name) => !['stdin', 'round'].includes(name) && variableNamed(name) === undefined);
}

/** Fails where filling left nothing to ask: the service would refuse it. */
export function assertAsks({ inputs }: FilledAct): void {
  const isBlank = inputs.every((input) => input.type === 'text' && input.content.trim() === '');
  if (!isBlank) return;
  throw new BoticelliError('invalid_narrative', 'the prompt is empty once its {{names}} are filled', {
    hint: 'Look at what fills it: a variable or standard input is empty.',
  });
}
