import { resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import { findOutsideProblemWithoutHint } from '../narrative/allowed-folder.js';
import { collectNarratives, type MediaTemplate, type Narrative } from '../narrative/narrative.js';
import { formatFileName } from '../narrative/parse/load-media.js';
import { getVariableName, isRowName, parseTemplate, renderTemplate } from '../narrative/template.js';

type Render = (text: string, formatValue?: (value: string) => string) => string;

/** Whether a placeholder is filled by a reply or by standard input, whose author may not be the user. */
function isFilledByReplyOrStdin(placeholder: string): boolean {
  // A value of a row does not count: the user names the source of the rows, and `row-values.ts` checks the files that
  // rows name.
  return placeholder !== 'round' && getVariableName(placeholder) === undefined && !isRowName(placeholder);
}

/** Returns the text before the first placeholder that a reply or standard input fills. Undefined if there is none. */
function getTextBeforeFilledPart(text: string): string | undefined {
  const { parts } = parseTemplate(text);
  const index = parts.findIndex((part) => typeof part !== 'string' && isFilledByReplyOrStdin(part.name));
  const part = parts[index];
  return typeof part === 'object' ? text.slice(0, part.offset) : undefined;
}

/**
 * Checks the file name or URL of a media input, if a reply or standard input fills a part of it. A file must be in the
 * folder of the narrative, after links are resolved. The host of a URL must not come from a reply or standard input.
 * Otherwise a reply that follows someone else's instructions could make boticelli send any file of the user to the
 * model, or send data to any host.
 *
 * @param fileOrUrl the file name or URL, with its placeholders filled
 * @throws BoticelliError `no_input`
 */
export function assertSourceAllowed({ text, sourceKey, spec }: MediaTemplate, fileOrUrl: string, render: Render): void {
  const prefix = getTextBeforeFilledPart(text);
  if (prefix === undefined) return;
  if (sourceKey === 'url') {
    const renderedPrefix = render(prefix, (value) => value.trim());
    if (!hasWholeHost(renderedPrefix) || !isSameHost(renderedPrefix, fileOrUrl)) throw createForbiddenHostError(text);
    return;
  }
  const { folder } = spec;
  const description = `the file ${formatFileName(fileOrUrl)}`;
  const message = findOutsideProblemWithoutHint(resolve(folder, fileOrUrl), description, {
    folder: resolve(folder),
    reason: filledNameReason,
  });
  if (message === undefined) return;
  const hint = `To allow any file for ${JSON.stringify(text)}, run the narrative with --allow-outside.`;
  throw new BoticelliError('no_input', message, { hint });
}

const filledNameReason = 'its name comes from a reply or standard input';

/**
 * Rejects URLs whose host a reply or standard input fills, before the first request of the run. Does not check a URL in
 * which another placeholder comes first, such as a variable, because the host depends on the value of that placeholder.
 * `assertSourceAllowed` checks the URL when the act runs.
 *
 * @throws BoticelliError `no_input`
 */
export function assertNoHostFromReplyOrStdin(narrative: Narrative): void {
  const narratives = [...collectNarratives(narrative)].filter(({ templates }) => templates !== false);
  for (const input of narratives.flatMap(({ acts }) => acts).flatMap(({ inputs }) => inputs)) {
    if (input.type !== 'media-template' || input.sourceKey !== 'url') continue;
    const prefix = getTextBeforeFilledPart(input.text);
    if (prefix === undefined || parseTemplate(prefix).parts.some((part) => typeof part !== 'string')) continue;
    // The prefix has no placeholders here. Rendering it only resolves its escapes.
    if (!hasWholeHost(renderTemplate(parseTemplate(prefix).parts, () => '')))
      throw createForbiddenHostError(input.text);
  }
}

/** Whether the beginning of a URL contains the whole host, so that nothing after it can change the host. */
function hasWholeHost(prefix: string): boolean {
  return /^\s*https?:\/\/[^/?#\\\s]+[/?#]/i.test(prefix);
}

function isSameHost(prefix: string, url: string): boolean {
  // An invalid URL is rejected later, when the media is loaded.
  if (!URL.canParse(prefix) || !URL.canParse(url)) return true;
  const [expected, actual] = [new URL(prefix), new URL(url)];
  return expected.protocol === actual.protocol && expected.host === actual.host;
}

function createForbiddenHostError(text: string): BoticelliError {
  return new BoticelliError(
    'no_input',
    `a reply or standard input must not choose the host of the URL ${JSON.stringify(text)}`,
    {
      hint: 'Write the host in the narrative. To allow any host, run the narrative with --allow-outside.',
    },
  );
}
