import { BoticelliError } from '../errors.js';
import { createMediaError } from '../narrative/invalid-narrative.js';
import type { Act, Input, MediaInput, MediaTemplate, TextInput } from '../narrative/narrative.js';
import { loadMediaTemplate, trimNameValue } from '../narrative/parse/media-template.js';
import { getPlaceholderNames, getVariableName, parseTemplate, renderTemplate } from '../narrative/template.js';

/** What `{{names}}` stand for when an act plays. */
export interface TemplateValues {
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
export type RenderedAct = Omit<Act, 'inputs' | 'context'> & { inputs: readonly (TextInput | MediaInput)[] };

/**
 * The text with its `{{names}}` filled. Fails with `invalid_narrative` on a name that nothing defines, which a narrative
 * that was loaded from a file does not have.
 * @param formatValue how a value stands in the text
 */
export function renderActText(
  text: string,
  values: TemplateValues,
  formatValue: (value: string) => string = identity,
): string {
  return renderTemplate(parseTemplate(text).parts, (name) => {
    const value = resolveValue(name, values);
    if (value !== undefined) return formatValue(value);
    throw new BoticelliError('invalid_narrative', `nothing defines {{${name}}} here`, {
      hint: 'Name an act that has played, previous, round, stdin or vars.<name>; to have braces sent, write \\{{.',
    });
  });
}

const identity = (value: string): string => value;

function resolveValue(name: string, { replies, previous, vars, stdin, round }: TemplateValues): string | undefined {
  if (name === 'previous') return previous;
  if (name === 'stdin') return stdin;
  if (name === 'round') return String(round);
  const variable = getVariableName(name);
  return variable === undefined ? replies.get(name) : vars.get(variable);
}

/**
 * The input with its `{{names}}` filled by `filled`; the medium that they name is read. Fails where it can't be used, as
 * `check` does.
 * @param rehearses whether replies are no real ones: what one would name is a text that says so
 */
export async function renderActInput(
  input: Input,
  render: (text: string, formatValue?: (value: string) => string) => string,
  { isRehearsal = false }: { isRehearsal?: boolean },
): Promise<Exclude<Input, MediaTemplate>> {
  if (input.type === 'text') return { type: 'text', content: render(input.content) };
  if (input.type !== 'media-template') return input;
  const name = render(input.text, trimNameValue);
  if (isRehearsal && isNamedByReply(input))
    return { type: 'text', content: `[the medium that ${input.text} will name]` };
  const loaded = await loadMediaTemplate(input, name);
  if ('media' in loaded) return loaded.media;
  throw createMediaError(input, loaded.problem);
}

function isNamedByReply({ text }: MediaTemplate): boolean {
  return getPlaceholderNames(text).some(
    (name) => !['stdin', 'round'].includes(name) && getVariableName(name) === undefined,
  );
}

/** Fails where filling left nothing to ask: the service would refuse it. */
export function assertPromptNotEmpty({ inputs }: RenderedAct): void {
  const isBlank = inputs.every((input) => input.type === 'text' && input.content.trim() === '');
  if (!isBlank) return;
  throw new BoticelliError('invalid_narrative', 'the prompt is empty once its {{names}} are filled', {
    hint: 'Look at what fills it: a variable or standard input is empty.',
  });
}
