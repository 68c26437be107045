import { distance } from 'fastest-levenshtein';

/**
 * The known name that was probably meant: the same in other letters, small or capital, else the one with the fewest edits, if
 * those are few for the name's length.
 */
export function findNearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    if (candidate.length === name.length && candidate.toLowerCase() === name.toLowerCase()) return candidate;
    // The difference in length is the least that the distance can be, and costs nothing to find.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const edits = distance(name, candidate);
    // A name of which nothing is left is no typing mistake: "x" was not meant to be "y".
    if (edits < bestDistance && edits < name.length) {
      bestDistance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}
