import { distance } from 'fastest-levenshtein';

/**
 * Finds the known name that was probably meant: one that differs only in case, else the one with the smallest edit distance,
 * up to 40% of the name's length (at least 1).
 */
export function findNearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    if (candidate.length === name.length && candidate.toLowerCase() === name.toLowerCase()) return candidate;
    // The difference in length is a lower bound of the distance and free to compute.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const edits = distance(name, candidate);
    // If every letter differs, it is not a typo: "x" was not meant to be "y".
    if (edits < bestDistance && edits < name.length) {
      bestDistance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}
