import { modelNamePattern } from '../facts/models.js';

/** A model's name without the `models/` that the service puts before it. */
export function stripModelPrefix(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name;
}

/** Whether a name, with or without its prefix, can be that of a model. */
export function isValidModelName(name: string): boolean {
  return modelNamePattern.test(stripModelPrefix(name));
}
