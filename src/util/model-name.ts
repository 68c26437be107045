import { modelNamePattern } from '../facts/models.js';

/** Returns a model's name without the prefix `models/`, which the service's model list adds. */
export function stripModelPrefix(name: string): string {
  return name.replace(/^models\//, '');
}

/** Whether a name, with or without its prefix, is a valid model name. */
export function isValidModelName(name: string): boolean {
  return modelNamePattern.test(stripModelPrefix(name));
}
