import MarkdownIt from 'markdown-it';
import { toPrintable } from '../terminal/text/printable.js';
import { Html, html } from './html.js';

/** The maximum length of a text that is rendered as Markdown. Longer texts are shown as they are. */
const maxCharacters = 300_000;

/** Renders a text as Markdown; undefined if it is too long. */
export type RenderMarkdown = (text: string) => Html | undefined;

/**
 * Creates the renderer for replies. HTML in a reply is shown as text. Links lead only to web and mail addresses. Images
 * are replaced by their alternative text, so that opening a page sends nothing to an address that a model chose.
 */
export function createMarkdownRenderer(): RenderMarkdown {
  const markdown = new MarkdownIt({ html: false, linkify: false, breaks: false });
  markdown.validateLink = isSafeLink;
  markdown.renderer.rules.link_open = (tokens, index, options, _env, renderer) => {
    tokens[index]?.attrSet('rel', 'noopener noreferrer nofollow');
    return renderer.renderToken(tokens, index, options);
  };
  markdown.renderer.rules.image = (tokens, index) => {
    const token = tokens[index];
    return html`<span class="image">[image: ${token?.content || token?.attrGet('src') || 'without a name'}]</span>`
      .markup;
  };
  markdown.renderer.rules.heading_open = (tokens, index) => `<h${lowerHeading(tokens[index]?.tag)}>`;
  markdown.renderer.rules.heading_close = (tokens, index) => `</h${lowerHeading(tokens[index]?.tag)}>\n`;
  markdown.renderer.rules.table_open = () =>
    '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>\n';
  markdown.renderer.rules.table_close = () => '</table></div>\n';
  // Character references in a reply may stand for control characters, so `toPrintable` runs on the rendered HTML and
  // not on the reply, in which such a reference is still harmless text.
  return (text) => (text.length > maxCharacters ? undefined : new Html(toPrintable(markdown.render(text))));
}

/** Whether a link may lead to this address. Only web and mail addresses are allowed. */
export function isSafeLink(address: string): boolean {
  return /^(https?|mailto):/i.test(address.trim());
}

/** Headings of a reply are below those of the page, which has three levels. */
function lowerHeading(tag = 'h1'): number {
  return Math.min(6, Number(tag.slice(1)) + 3);
}
