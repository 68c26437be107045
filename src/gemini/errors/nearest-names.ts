import { distance } from 'fastest-levenshtein';

/**
 * The names that someone may have meant, nearest first and at most `limit`: those of the same family (one begins with
 * the other), then those that differ in no more than a third of their characters.
 */
export function nearestNames(wanted: string, names: readonly string[], limit = 4): string[] {
  return names
    .map((name) => ({ name, far: distance(wanted, name), kin: isKin(wanted, name) }))
    .filter(({ name, far, kin }) => kin || far <= Math.max(wanted.length, name.length) / 3)
    .sort((left, right) => Number(right.kin) - Number(left.kin) || left.far - right.far)
    .slice(0, limit)
    .map(({ name }) => name);
}

function isKin(wanted: string, name: string): boolean {
  return wanted.length > 2 && (name.startsWith(wanted) || wanted.startsWith(`${name}-`));
}
