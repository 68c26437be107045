import { distance } from 'fastest-levenshtein';

/**
 * Finds the known name that was probably meant. This is a name that differs only in case, or else the name with the
 * smallest edit distance. The distance may be up to 40% of the name's length, but a distance of 1 is always allowed.
 */
export function findNearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    if (candidate.length === name.length && candidate.toLowerCase() === name.toLowerCase()) return candidate;
    // The difference in length is a lower bound for the distance and is cheap to compute.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const edits = distance(name, candidate);
    // If every letter differs, the name is not a typo: "x" was not meant to be "y".
    if (edits < bestDistance && edits < name.length) {
      bestDistance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}
