import type { Path } from './toml.js';

/** A fault before its place is looked up: it knows its path in the file alone. */
export interface Problem {
  severity: 'error' | 'warning';
  /** A stable name in kebab-case. */
  rule: string;
  message: string;
  path: Path;
  /** Which of the two a code frame points at. */
  target: 'key' | 'value';
  /** The part of a string's value that is at fault, to point at it alone. */
  excerpt?: string;
  /** How often the value has the excerpt's text before it. Default 0. */
  occurrence?: number;
  /** A name that nothing defines, and those that are defined: the nearest one becomes the suggestion. */
  suggest?: SuggestionQuery;
  /** What was meant, where that is known without a search. */
  suggestion?: string;
}

/** Hears of what is wrong. */
export type ReportProblem = (problem: Problem) => void;

export interface SuggestionQuery {
  name: string;
  candidates: Iterable<string>;
  /** How a name is written in the place that is pointed at, where that is more than the name: in braces, say. */
  format?: (name: string) => string;
}

/** An error; it points at the value unless told otherwise. */
export function errorAt(
  rule: string,
  path: Path,
  message: string,
  { target = 'value', ...rest }: Partial<Pick<Problem, 'target' | 'excerpt' | 'occurrence' | 'suggest'>> = {},
): Problem {
  return { severity: 'error', rule, message, path, target, ...rest };
}

/** A warning; it points at the key unless told otherwise. */
export function warningAt(
  rule: string,
  path: Path,
  message: string,
  { target = 'key', ...rest }: Parameters<typeof errorAt>[3] = {},
): Problem {
  return { severity: 'warning', rule, message, path, target, ...rest };
}
