import type { Path } from './toml.js';

/** A fault before its place is looked up: it knows its path in the file alone. */
export interface Fault {
  severity: 'error' | 'warning';
  /** A stable name in kebab-case. */
  rule: string;
  message: string;
  path: Path;
  /** Which of the two a code frame points at. */
  target: 'key' | 'value';
  /** The part of a string's value that is at fault, to point at it alone. */
  excerpt?: string;
  /** A name that nothing defines, and those that are defined: the nearest one becomes the suggestion. */
  misnamed?: { name: string; known: Iterable<string> };
  /** What was meant, where that is known without a search. */
  suggestion?: string;
}

/** An error; it points at the value unless told otherwise. */
export function fault(
  rule: string,
  path: Path,
  message: string,
  { target = 'value', ...rest }: Partial<Pick<Fault, 'target' | 'excerpt' | 'misnamed'>> = {},
): Fault {
  return { severity: 'error', rule, message, path, target, ...rest };
}

/** A warning; it points at the key. */
export function warning(rule: string, path: Path, message: string): Fault {
  return { severity: 'warning', rule, message, path, target: 'key' };
}
