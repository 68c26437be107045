import type { Source } from '../../driver/tool-use.js';
import { toLineOfKnownWidth } from './printable.js';

/** Escapes text for Markdown, on one line. */
export function escapeMarkdown(text: string): string {
  return toLineOfKnownWidth(text).replaceAll(/[\\`*[\]<>#|]|(?<!\w)_|_(?!\w)/g, '\\$&');
}

/** Renders the list of a reply's sources: a heading, then a numbered link for each. */
export function renderSources(sources: readonly Source[]): string {
  const links = sources.map(({ title, uri }, index) => {
    const target = encodeLinkTarget(uri);
    return `${index + 1}. ${title === undefined ? `<${target}>` : `[${escapeMarkdown(title)}](${target})`}`;
  });
  return `## Sources\n\n${links.join('\n')}`;
}

/** Percent-encodes what could end or change a link: white space, brackets, quotes, control characters. */
function encodeLinkTarget(uri: string): string {
  return uri.replaceAll(/[^!#$%&*+,\-./0-9:;=?@A-Z_a-z~]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  );
}
