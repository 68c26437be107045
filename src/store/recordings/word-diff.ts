import type { Change } from 'diff';
import { sliceCharacters, truncateWithEllipsis } from '../../util/utf16.js';

/** The number of unchanged characters shown around a change. */
const contextLength = 30;
/** The maximum number of characters shown per change, and the maximum number of changes shown. */
const maxCharacters = 120;
const maxChanges = 3;

/** How a text differs from another one. */
export interface WordDifference {
  /** How many words were added and removed. Absent if the texts have too little in common. */
  added?: number;
  removed?: number;
  /** The first changes: see `formatWordDiff`. */
  excerpt: string;
}

/** Counts the words of a text. A word is a sequence of letters and digits. */
export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}

/**
 * Renders a short word diff of two texts in the format of `git diff --word-diff`: `three [-short-]{+long+} posts`. If
 * the texts have little in common, the comparison is given up and only their beginnings are shown.
 */
export async function formatWordDiff(before: string, after: string): Promise<string> {
  return (await compareWords(before, after)).excerpt;
}

/**
 * Compares two texts word by word.
 * @param maxEditLength the comparison is given up above this number of added and removed words, or after 500 ms
 */
export async function compareWords(before: string, after: string, maxEditLength = 400): Promise<WordDifference> {
  if (before === '') return { added: countWords(after), removed: 0, excerpt: `{+${shorten(after)}+}` };
  if (after === '') return { added: 0, removed: countWords(before), excerpt: `[-${shorten(before)}-]` };
  const { diffWords, diffWordsWithSpace } = await import('diff');
  const diffOptions = { maxEditLength, timeout: 500 };
  const wordChanges = diffWords(before, after, diffOptions);
  // If no word differs, the texts differ only in white space.
  const changes = wordChanges?.every(({ added, removed }) => !added && !removed)
    ? diffWordsWithSpace(before, after, diffOptions)
    : wordChanges;
  if (!changes) return { excerpt: `[-${shorten(before)}-]{+${shorten(after)}+}` };
  const count = (isCounted: (change: Change) => boolean) =>
    changes.filter(isCounted).reduce((sum, { value }) => sum + countWords(value), 0);
  return {
    ...{ added: count(({ added }) => added), removed: count(({ removed }) => removed) },
    excerpt: renderChanges(changes),
  };
}

function renderChanges(changes: readonly Change[]): string {
  const output: string[] = [];
  let changeCount = 0;
  for (const [index, { added, removed, value }] of changes.entries()) {
    if (!added && !removed) {
      output.push(abbreviateUnchanged(value, { isFirst: index === 0, isLast: index === changes.length - 1 }));
      continue;
    }
    // Removed text and the text added in its place are one change.
    if (!(added && changes[index - 1]?.removed)) changeCount += 1;
    if (changeCount > maxChanges) return `${output.join('')}…`;
    output.push(added ? `{+${shorten(value)}+}` : `[-${shorten(value)}-]`);
  }
  return output.join('');
}

/** Shortens the unchanged text between two changes, before the first change, or after the last change. */
function abbreviateUnchanged(text: string, { isFirst, isLast }: Record<'isFirst' | 'isLast', boolean>): string {
  const [start, end] = [
    sliceCharacters(text, 0, contextLength),
    sliceCharacters(text, Math.max(0, text.length - contextLength), text.length),
  ];
  if (isFirst) return text.length > contextLength ? `…${end}` : text;
  if (isLast) return text.length > contextLength ? `${start}…` : text;
  return text.length > 2 * contextLength ? `${start}…${end}` : text;
}

function shorten(text: string): string {
  return truncateWithEllipsis(text, maxCharacters);
}
