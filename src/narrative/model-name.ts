/** A model's name without the `models/` that the service puts before it. */
export function plainModelName(name: string): string {
  return name.replace(/^models\//, '');
}

/**
 * Whether a name may stand in the path of a URL as it is. Which names exist, the service alone knows.
 */
export function isModelName(name: string): boolean {
  return plainModelName(name) !== '' && !/[\s\p{Cc}?&#%\\]|\.\./u.test(name);
}
