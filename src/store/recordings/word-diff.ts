/** The number of unchanged characters shown around a change. */
const contextLength = 30;
/** The maximum number of characters shown per change, and the maximum number of changes shown. */
const maxCharacters = 120;
const maxChanges = 3;

/**
 * Renders a short word diff of two texts in the format of `git diff --word-diff`: `three [-short-]{+long+} posts`. The
 * search is bounded: if the texts have little in common, only their beginnings are shown.
 */
export async function formatWordDiff(before: string, after: string): Promise<string> {
  if (before === '') return `{+${truncate(after)}+}`;
  if (after === '') return `[-${truncate(before)}-]`;
  const { diffWords, diffWordsWithSpace } = await import('diff');
  const diffOptions = { maxEditLength: 400, timeout: 500 };
  const wordChanges = diffWords(before, after, diffOptions);
  // If no word differs, the texts differ only in white space.
  const changes = wordChanges?.every(({ added, removed }) => !added && !removed)
    ? diffWordsWithSpace(before, after, diffOptions)
    : wordChanges;
  if (!changes) return `[-${truncate(before)}-]{+${truncate(after)}+}`;

  const output: string[] = [];
  let changeCount = 0;
  for (const [index, { added, removed, value }] of changes.entries()) {
    if (!added && !removed) {
      output.push(abbreviateUnchanged(value, { isFirst: index === 0, isLast: index === changes.length - 1 }));
      continue;
    }
    if (!(added && changes[index - 1]?.removed)) changeCount += 1;
    if (changeCount > maxChanges) return `${output.join('')}…`;
    output.push(added ? `{+${truncate(value)}+}` : `[-${truncate(value)}-]`);
  }
  return output.join('');
}

/** Shortens the unchanged text between two changes, before the first change, or after the last change. */
function abbreviateUnchanged(text: string, { isFirst, isLast }: Record<'isFirst' | 'isLast', boolean>): string {
  const [start, end] = [text.slice(0, contextLength), text.slice(-contextLength)];
  if (isFirst) return text.length > contextLength ? `…${end}` : text;
  if (isLast) return text.length > contextLength ? `${start}…` : text;
  return text.length > 2 * contextLength ? `${start}…${end}` : text;
}

function truncate(text: string): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}
