import type { Prompt, PromptPart } from '../../executor/acts/act-details.js';
import type { Colors } from '../text/colors.js';
import { formatCount, formatInteger } from '../text/format.js';
import { formatParameters } from '../text/format-parameters.js';
import { toPrintable, toPrintableLine } from '../text/printable.js';

const contentIndent = '    ';

/**
 * Formats a prompt as it is sent: a line with the act, the model and the parameters, and below it, indented, the system
 * instruction, the JSON Schema and the parts. Texts are shown in full; of media, only the name, the type and the size.
 */
export function formatPrompt(title: string, { model, parameters, system, earlierTurns, parts }: Prompt): string {
  const { schema, ...others } = parameters;
  const details = [
    model,
    ...formatParameters(others),
    ...(earlierTurns > 0 ? [`after ${formatCount(earlierTurns, 'earlier turn')}`] : []),
  ];
  return [
    toPrintableLine(`prompt of ${title}: ${details.join(', ')}`),
    ...(system === undefined ? [] : ['  system:', indent(system)]),
    ...(schema === undefined ? [] : ['  schema:', indent(JSON.stringify(schema))]),
    '  user:',
    ...parts.map((part) => indent(formatPart(part))),
  ].join('\n');
}

/** Colours a formatted prompt: dims the first line and the labels, such as `system:`, but not the content below them. */
export function colorizePrompt(text: string, { dim }: Colors): string {
  const isContent = (line: string) => line === '' || line.startsWith(contentIndent);
  return text
    .split('\n')
    .map((line) => (isContent(line) ? line : dim(line)))
    .join('\n');
}

function formatPart(part: PromptPart): string {
  if (part.type === 'text') return part.text;
  const { name, mimeType, byteLength } = part;
  const size = byteLength === undefined ? [] : [`${formatInteger(byteLength)} ${byteLength === 1 ? 'byte' : 'bytes'}`];
  return `<${toPrintableLine([name, ...(mimeType === undefined ? [] : [mimeType]), ...size].join(', '))}>`;
}

function indent(text: string): string {
  return toPrintable(text.trimEnd()).replaceAll(/^(?=.)/gm, contentIndent);
}
