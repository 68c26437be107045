import { modelNamePattern } from '../facts.js';

/** Removes the `models/` prefix, which the service puts before model names. */
export function stripModelPrefix(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name;
}

/** Whether a string is a valid model name, with or without the `models/` prefix. */
export function isValidModelName(name: string): boolean {
  return modelNamePattern.test(stripModelPrefix(name));
}
