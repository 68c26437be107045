import { distance } from 'fastest-levenshtein';

/**
 * The names that someone may have meant, nearest first and at most `limit`: those of the same family (one begins with
 * the other), then those that differ in no more than a third of their characters.
 */
export function findSimilarNames(wanted: string, names: readonly string[], limit = 4): string[] {
  return names
    .map((name) => ({ name, editDistance: distance(wanted, name), isRelated: isSameFamily(wanted, name) }))
    .filter(
      ({ name, editDistance, isRelated }) => isRelated || editDistance <= Math.max(wanted.length, name.length) / 3,
    )
    .sort((left, right) => Number(right.isRelated) - Number(left.isRelated) || left.editDistance - right.editDistance)
    .slice(0, limit)
    .map(({ name }) => name);
}

function isSameFamily(wanted: string, name: string): boolean {
  return wanted.length > 2 && (name.startsWith(wanted) || wanted.startsWith(`${name}-`));
}
