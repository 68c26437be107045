import { type Html, html } from './html.js';

/** Compares two texts by words. */
type DiffWords = typeof import('diff').diffWordsWithSpace;

/** The maximum length of a text that is compared. */
const maxCharacters = 100_000;

/** The comparison is given up above 3000 added and removed words, or after 300 ms. */
const diffOptions = { maxEditLength: 3000, timeout: 300 };

/**
 * Compares two texts: words that occur only in `after` are marked as inserted, and words that occur only in `before` as
 * deleted. Returns undefined if the texts are too long or differ too much.
 */
export type MarkWords = (before: string, after: string) => Html | undefined;

/** Loads the library that compares texts. */
export async function loadWordMarks(): Promise<MarkWords> {
  const { diffWordsWithSpace } = await import('diff');
  return (before, after) => markWords(before, after, diffWordsWithSpace);
}

function markWords(before: string, after: string, diffWords: DiffWords): Html | undefined {
  if (before.length > maxCharacters || after.length > maxCharacters) return undefined;
  const changes = diffWords(before, after, diffOptions);
  return (
    changes &&
    html`${changes.map(({ added, removed, value }) => {
      if (added) return html`<ins>${value}</ins>`;
      return removed ? html`<del>${value}</del>` : value;
    })}`
  );
}
