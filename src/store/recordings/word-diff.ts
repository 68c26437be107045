/** How much of what did not change is shown around what did, in characters. */
const surrounding = 30;
/** The most that is shown of one change, and of how many changes. */
const mostCharacters = 120;
const mostChanges = 3;

/**
 * Where two texts differ, word by word and in few words, as git shows it: `three [-short-]{+long+} posts`. What was not asked
 * for long is not looked for: texts that have little in common are shown by their beginnings.
 */
export async function wordDifference(was: string, now: string): Promise<string> {
  if (was === '') return `{+${cut(now)}+}`;
  if (now === '') return `[-${cut(was)}-]`;
  const { diffWords, diffWordsWithSpace } = await import('diff');
  const bounds = { maxEditLength: 400, timeout: 500 };
  const words = diffWords(was, now, bounds);
  // Where no word differs, white space does.
  const pieces = words?.every(({ added, removed }) => !added && !removed)
    ? diffWordsWithSpace(was, now, bounds)
    : words;
  if (!pieces) return `[-${cut(was)}-]{+${cut(now)}+}`;

  const shown: string[] = [];
  let changes = 0;
  for (const [at, { added, removed, value }] of pieces.entries()) {
    if (!added && !removed) {
      shown.push(withinChanges(value, at === 0, at === pieces.length - 1));
      continue;
    }
    if (!(added && pieces[at - 1]?.removed)) changes += 1;
    if (changes > mostChanges) return `${shown.join('')}…`;
    shown.push(added ? `{+${cut(value)}+}` : `[-${cut(value)}-]`);
  }
  return shown.join('');
}

/** What stands between two changes, before the first or after the last. */
function withinChanges(text: string, isFirst: boolean, isLast: boolean): string {
  const [start, end] = [text.slice(0, surrounding), text.slice(-surrounding)];
  if (isFirst) return text.length > surrounding ? `…${end}` : text;
  if (isLast) return text.length > surrounding ? `${start}…` : text;
  return text.length > 2 * surrounding ? `${start}…${end}` : text;
}

function cut(text: string): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}
