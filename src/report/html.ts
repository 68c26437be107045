import { toPrintable } from '../terminal/text/printable.js';

/**
 * Markup for the page. The constructor escapes nothing, so pass only markup that this folder has written or rendered.
 * Text of a model, a file or a server belongs in `html`, which escapes it.
 */
export class Html {
  constructor(readonly markup: string) {}
}

/**
 * What a template may contain. Strings are text and are escaped; lists are joined; false and undefined are left out.
 */
export type HtmlContent = Html | string | number | false | undefined | readonly HtmlContent[];

/**
 * Builds markup from a template: html`<p title="${title}">${text}</p>`. Every value that is not `Html` is escaped, so
 * that the text of a model, a file or a server is never markup. Attributes must be in double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: HtmlContent[]): Html {
  return new Html(strings.reduce((markup, part, index) => `${markup}${toMarkup(values[index - 1])}${part}`));
}

function toMarkup(value: HtmlContent): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(toMarkup).join('');
  return escapeHtml(String(value));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text for elements and attributes in double quotes. Control characters become visible symbols. */
export function escapeHtml(text: string): string {
  const printable = toPrintable(text);
  return /[&<>"]/.test(printable)
    ? printable.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
    : printable;
}
