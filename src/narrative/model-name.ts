/** A model's name without the `models/` that the service puts before it. */
export function plainModelName(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name;
}

/**
 * Whether a name may stand in the path of a URL as it is. Which names exist, the service alone knows.
 */
export function isModelName(name: string): boolean {
  return plainModelName(name) !== '' && !/[\s\0-\x1f\x7f-\x9f?&#%\\]|\.\./.test(name);
}
