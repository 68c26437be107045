import { type Html, html } from './html.js';

/** Compares two texts by words. */
type DiffWords = typeof import('diff').diffWordsWithSpace;

/** The maximum length of a text that is compared. */
const maxCharacters = 100_000;

/** When the comparison of texts with little in common is given up: above 3000 changes, or after 300 ms. */
const diffOptions = { maxEditLength: 3000, timeout: 300 };

/** Marks what a text has that another one lacks, and the reverse. Returns undefined if they differ too much. */
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
