import type { SourceFile } from './diagnostic.js';
import type { Path } from './toml.js';

/** An error or warning whose location is not known yet. It has a key path in the file instead. */
export interface Problem {
  severity: 'error' | 'warning';
  /** A stable name in kebab-case. */
  rule: string;
  message: string;
  keyPath: Path;
  /** What the code frame points at. */
  target: 'key' | 'value';
  /** The part of a string value to point at. */
  excerpt?: string;
  /** The number of earlier occurrences of the excerpt's text in the value. Default 0. */
  occurrence?: number;
  /** An unknown name and the known names. The nearest known name becomes the suggestion. */
  suggestionQuery?: SuggestionQuery;
  /** The suggestion, if it is known without a search. */
  suggestion?: string;
  /** The place of the problem in another file, in UTF-16 code units. The value at `keyPath` names that file. */
  inFile?: SourceFile & { offset: number; length: number };
}

/** Receives problems as they are found. */
export type ReportProblem = (problem: Problem) => void;

/** What a suggestion is searched for: an unknown name among known ones. */
export interface SuggestionQuery {
  name: string;
  candidates: Iterable<string>;
  /** Formats the nearest name as it is written in the file, for example in braces. Default: the name itself. */
  format?: (name: string) => string;
}

/** Creates an error. It points at the value by default. */
export function errorAt(
  rule: string,
  keyPath: Path,
  message: string,
  {
    target = 'value',
    ...rest
  }: Partial<Pick<Problem, 'target' | 'excerpt' | 'occurrence' | 'suggestionQuery' | 'inFile'>> = {},
): Problem {
  return { severity: 'error', rule, message, keyPath, target, ...rest };
}

/** Creates a warning. It points at the key by default. */
export function warningAt(
  rule: string,
  keyPath: Path,
  message: string,
  { target = 'key', ...rest }: Parameters<typeof errorAt>[3] = {},
): Problem {
  return { severity: 'warning', rule, message, keyPath, target, ...rest };
}
