import { BoticelliError } from '../errors.js';
import { createMediaError } from '../narrative/invalid-narrative.js';
import type { Act, Input, MediaInput, MediaTemplate, TextInput } from '../narrative/narrative.js';
import { loadMediaTemplate } from '../narrative/parse/load-media.js';
import {
  getPlaceholderNames,
  getVariableName,
  isRowName,
  parseTemplate,
  renderTemplate,
} from '../narrative/template.js';
import { assertSourceAllowed } from './media-source-checks.js';
import type { NarrativeExecutorOptions, NarrativeRow } from './options.js';
import { loadRowFile, resolveRowValue } from './row-values.js';

/** The values of placeholders when an act runs. */
export interface TemplateValues {
  /** The replies by the names of their acts. If several acts before this one have the name, the latest counts. */
  replies: Pick<ReadonlyMap<string, string>, 'get'>;
  /** The reply of the previous act; undefined for the first act. */
  previous: string | undefined;
  vars: ReadonlyMap<string, string>;
  /** The standard input, if the run uses it. */
  stdin: string | undefined;
  round: number;
  row: NarrativeRow | undefined;
}

/** An act as it is sent: placeholders are filled, and each nested narrative is replaced with its last reply. */
export type RenderedAct = Omit<Act, 'inputs' | 'context'> & { inputs: readonly (TextInput | MediaInput)[] };

/**
 * Replaces the placeholders of a text with their values.
 * @param formatValue how a value is written into the text
 * @throws BoticelliError `invalid_narrative` for an unknown name, which a narrative loaded from a file can't contain
 */
export function renderActText(
  text: string,
  values: TemplateValues,
  formatValue = (value: string): string => value,
): string {
  return renderTemplate(parseTemplate(text).parts, (name) => {
    const value = resolveValue(name, values);
    if (value !== undefined) return formatValue(value);
    throw new BoticelliError('invalid_narrative', `unknown name {{${name}}}`, {
      hint: 'Use previous, round, stdin, row.<name>, vars.<name> or the name of an act that has run. Write \\{{ for literal braces.',
    });
  });
}

function resolveValue(
  name: string,
  { replies, previous, vars, stdin, round, row }: TemplateValues,
): string | undefined {
  if (name === 'previous') return previous;
  if (name === 'stdin') return stdin;
  if (name === 'round') return String(round);
  if (isRowName(name)) return row && resolveRowValue(name, row);
  const variable = getVariableName(name);
  return variable === undefined ? replies.get(name) : vars.get(variable);
}

interface RenderInputOptions extends Pick<NarrativeExecutorOptions, 'isRehearsal' | 'allowOutside'> {
  row?: NarrativeRow | undefined;
}

/**
 * Fills the placeholders of an input with `render`. If the input is the name of a media file, also reads the file.
 * Returns a text in place of the media in two cases: a rehearsed reply fills a part of the file name or URL; or a value
 * of the row fills a part of it, and an estimate is made without the list of rows (`row.isUnknown`). Returns media and
 * narratives as they are.
 * @throws BoticelliError the same errors as `check` for media that can't be used; `no_input` for a file or host that
 *   a row, a reply or standard input may not choose
 */
export async function renderActInput(
  input: Input,
  render: (text: string, formatValue?: (value: string) => string) => string,
  { isRehearsal = false, allowOutside = false, row }: RenderInputOptions,
): Promise<Exclude<Input, MediaTemplate>> {
  if (input.type === 'text') return { type: 'text', content: render(input.content) };
  if (input.type !== 'media-template') return input;
  const fileOrUrl = render(input.text, (value) => value.trim());
  const isNamedByReply = getPlaceholderNames(input.text).some(
    (placeholder) =>
      !['stdin', 'round'].includes(placeholder) &&
      !isRowName(placeholder) &&
      getVariableName(placeholder) === undefined,
  );
  const isNamedByRow = row && getPlaceholderNames(input.text).some(isRowName);
  if ((isRehearsal && isNamedByReply) || (isNamedByRow && row.isUnknown))
    return { type: 'text', content: `[media file named by ${input.text}]` };
  const isRowFile = isNamedByRow && input.sourceKey === 'file';
  if (!allowOutside && !isRowFile) assertSourceAllowed(input, fileOrUrl, render);
  const loaded = await (isRowFile
    ? loadRowFile(input, fileOrUrl, { row, allowOutside })
    : loadMediaTemplate(input, fileOrUrl));
  if (loaded.ok) return loaded.media;
  throw createMediaError(input, loaded.problem);
}

/** @throws BoticelliError `invalid_narrative` for an empty prompt, which the service would reject */
export function assertPromptNotEmpty({ inputs }: RenderedAct): void {
  if (inputs.some((input) => input.type !== 'text' || input.content.trim() !== '')) return;
  throw new BoticelliError('invalid_narrative', 'the prompt is empty after its placeholders are replaced', {
    hint: 'Check the values: a variable, a reply or the standard input is empty.',
  });
}
