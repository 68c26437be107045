import { distance } from 'fastest-levenshtein';

/**
 * The maximum length of a name for computing a distance. The time grows with the product of both lengths: two names of
 * 200 kB took 7 s (2026-11).
 */
const maxNameChars = 100;

/** The maximum number of names that one name is compared with. */
const maxComparisons = 20_000;

/** Returns the edit distance of two names; undefined if one of them has more than `maxNameChars` characters. */
export function getEditDistance(name: string, other: string): number | undefined {
  return name.length > maxNameChars || other.length > maxNameChars ? undefined : distance(name, other);
}

/**
 * Finds the known name that was probably meant. This is a name that differs only in case, or else the name with the
 * smallest edit distance. The distance may be up to 40% of the name's length, or 1 if that is more. It must be less
 * than the name's length.
 */
export function findNearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let comparisonsLeft = maxComparisons;
  let bestDistance = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    if (candidate.length === name.length && candidate.toLowerCase() === name.toLowerCase()) return candidate;
    // The difference in length is a lower bound for the distance and is cheap to compute.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    if (comparisonsLeft-- === 0) break;
    const edits = getEditDistance(name, candidate);
    if (edits === undefined) continue;
    // If every letter differs, the name is not a typo: "x" was not meant to be "y".
    if (edits < bestDistance && edits < name.length) {
      bestDistance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}
