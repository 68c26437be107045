import { modelNamePattern } from '../facts/models.js';

/** A model's name without the `models/` prefix that the service lists it under. */
export function stripModelPrefix(name: string): string {
  return name.replace(/^models\//, '');
}

/** Whether a name, with or without its prefix, is a valid model name. */
export function isValidModelName(name: string): boolean {
  return modelNamePattern.test(stripModelPrefix(name));
}
