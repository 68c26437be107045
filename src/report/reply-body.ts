import { formatDuration, formatInteger } from '../terminal/text/format.js';
import type { ReportMedia, ReportReply } from './data/report-act.js';
import { type Html, html } from './html.js';
import { formatJsonText } from './json-text.js';
import type { RenderMarkdown } from './markdown.js';

/** The media types that a page can show and that can't contain scripts. */
const pictureTypes: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const soundTypes: ReadonlySet<string> = new Set(
  ['wav', 'x-wav', 'mpeg', 'mp3', 'ogg', 'aac', 'flac', 'mp4', 'webm'].map((name) => `audio/${name}`),
);

/** The number of characters of a folded JSON reply that stay visible. */
const maxExcerptCharacters = 80;

/** Renders a reply: its text, media, code and sources. */
export function renderReplyBody(reply: ReportReply, renderMarkdown: RenderMarkdown): Html {
  const { text, media, liveSpeech, code, searches, sources } = reply;
  return html`${text.trim() !== '' && renderReplyText(text, renderMarkdown)}${media.map(renderMedia)}${
    liveSpeech && renderLiveSpeech(liveSpeech)
  }${text.trim() === '' && media.length === 0 && !liveSpeech && html`<p class="note">No text.</p>`}${code.map(renderCode)}${
    searches.length > 0 && html`<p class="note">Searched for: ${searches.join(' · ')}</p>`
  }${sources.length > 0 && renderSources(sources)}`;
}

function renderLiveSpeech({ durationMs, file }: NonNullable<ReportReply['liveSpeech']>): Html {
  return html`<p class="note">${formatDuration(durationMs)} of speech${file && `, saved as ${file}`}</p>`;
}

/** Renders the text of a reply: JSON is folded, other texts are Markdown, and texts too long for Markdown are plain. */
function renderReplyText(text: string, renderMarkdown: RenderMarkdown): Html {
  const json = formatJsonText(text);
  if (json !== undefined) {
    const excerpt = text
      .slice(0, 2 * maxExcerptCharacters)
      .trim()
      .replaceAll(/\s+/g, ' ')
      .slice(0, maxExcerptCharacters);
    return html`<details class="json"><summary>JSON <code>${excerpt}</code></summary><pre dir="ltr">${json}</pre></details>`;
  }
  const markdown = renderMarkdown(text);
  if (markdown) return html`<div class="prose" dir="auto">${markdown}</div>`;
  const size = formatInteger(text.length);
  return html`<details><summary>${size} characters, shown without formatting</summary><pre dir="auto">${text}</pre></details>`;
}

function renderMedia({ mimeType, byteLength, file, data }: ReportMedia): Html {
  const caption = [file, mimeType || 'unknown type', `${formatInteger(byteLength)} bytes`]
    .filter((part) => part !== '')
    .join(', ');
  if (data === undefined) return html`<p class="note">Not stored in the history: ${caption}</p>`;
  const address = `data:${mimeType};base64,${data}`;
  if (pictureTypes.has(mimeType))
    return html`<figure><img src="${address}" alt="Picture of the reply: ${caption}"><figcaption>${caption}</figcaption></figure>`;
  if (soundTypes.has(mimeType))
    return html`<figure><audio controls src="${address}" aria-label="Sound of the reply: ${caption}"></audio><figcaption>${caption}</figcaption></figure>`;
  return html`<p class="note">Can't be shown here: ${caption}</p>`;
}

function renderCode({ language, code, output }: ReportReply['code'][number]): Html {
  return html`<details><summary>Code that the service ran${language && ` (${language.toLowerCase()})`}</summary><pre dir="ltr">${code}</pre>${
    output !== undefined && html`<p>Output:</p><pre dir="ltr">${output}</pre>`
  }</details>`;
}

function renderSources(sources: ReportReply['sources']): Html {
  const items = sources.map(
    ({ title, address }) =>
      html`<li><a rel="noopener noreferrer nofollow" href="${address}">${title || address}</a></li>`,
  );
  return html`<h4>Sources</h4><ol class="sources">${items}</ol>`;
}
