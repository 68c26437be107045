import { modelNamePattern } from '../facts/models.js';

const prefix = 'models/';

/** Returns a model's name without the prefix `models/`, which the service's model list adds. */
export function stripModelPrefix(name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** Whether a name, with or without its prefix, is a valid model name. */
export function isValidModelName(name: string): boolean {
  return modelNamePattern.test(stripModelPrefix(name));
}
