import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../util/duration.js';
import { isValidModelName, stripModelPrefix } from '../util/model-name.js';

// Lazily loaded modules must import `InvalidArgumentError` from here, not from commander. The build puts them into
// files of their own (see src/build), and each file that imports commander contains a copy of it. `instanceof` would
// then compare with the `InvalidArgumentError` of another copy, and be false.
export { InvalidArgumentError };

/** Parsers of option values: each returns the value, or throws an InvalidArgumentError that commander reports. */

/** Parses the name of a model and removes its `models/` prefix. */
export function parseModelName(text: string): string {
  if (isValidModelName(text)) return stripModelPrefix(text);
  throw new InvalidArgumentError('Expected a model name such as gemini-flash-lite-latest.');
}

/** Parses a number from 0 to 2. */
export function parseTemperature(text: string): number {
  const number = parseDecimal(text);
  if (number >= 0 && number <= 2) return number;
  throw new InvalidArgumentError('Expected a number from 0 to 2.');
}

/** Parses a decimal number. Returns NaN for anything else, also for `0x10`, which `Number` would read. */
function parseDecimal(text: string): number {
  return /^[\d.e+-]+$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

/** Creates a parser of integers that are at least `min`. */
export function createIntegerParser(min: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && Number.isSafeInteger(number)) return number;
    throw new InvalidArgumentError(`Expected an integer of at least ${min}.`);
  };
}

/** Creates a parser of durations, in milliseconds. */
function createDurationParser(examples: string, isValid: (ms: number) => boolean): (text: string) => number {
  return (text) => {
    const parsed = parseDurationMs(text);
    if (parsed !== undefined && isValid(parsed)) return parsed;
    throw new InvalidArgumentError(`Expected a duration such as ${examples}.`);
  };
}

/** Parses a duration above zero and up to 24 days, the longest time that a Node timer can wait. */
export const parsePositiveDurationMs = createDurationParser(
  '90s, 2m or 1h30m; a plain number is seconds',
  (ms) => ms >= 1 && ms < 2 ** 31,
);
/** Parses a wait of zero or more. */
export const parseMaxWaitMs = createDurationParser('0, 90s or 2m; a plain number is seconds', Number.isFinite);
/** Parses an age of zero or more. */
export const parseAgeMs = createDurationParser('12h or 30d', Number.isFinite);

/**
 * Parses an age such as 12h, or a date with or without a time. A date without a time zone is in local time. Returns
 * milliseconds since the epoch.
 */
export function parseSince(text: string): number {
  const ageMs = parseDurationMs(text);
  if (ageMs !== undefined && Number.isFinite(ageMs)) return Date.now() - ageMs;
  // `Date.parse` reads a date without a time as midnight in UTC, not in local time.
  const time = startsWithDate(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('Expected an age such as 12h or 30d, or a date such as 2026-11-30.');
}

/** Whether a text starts with a date that exists. `Date.parse` reads 2026-02-31 as 3 March. */
function startsWithDate(text: string): boolean {
  const [date] = /^\d{4}-\d\d-\d\d/.exec(text) ?? [];
  return date !== undefined && !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date);
}

/** Parses an amount of US dollars above zero, with or without `$`. */
export function parseUsd(text: string): number {
  const number = parseDecimal(text.trim().replace(/^\$/, ''));
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('Expected an amount in US dollars above zero, such as 0.25.');
}

/** Parses the shard `k/n`, with k from 1 to n. */
export function parseShard(text: string): { k: number; n: number } {
  const [, k = 0, n = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (k >= 1 && k <= n && Number.isSafeInteger(n)) return { k, n };
  throw new InvalidArgumentError('Expected k/n with k from 1 to n, such as 2/5.');
}

/** Parses the name of a tier. Whether the tier exists depends on the settings. */
export function parseTierName(text: string): string {
  const name = text.trim();
  if (name !== '') return name;
  throw new InvalidArgumentError('Expected the name of a tier, such as free.');
}

/** Collects the values of a repeatable option. */
export function collectValue(text: string, previous: string[] = []): string[] {
  return [...previous, text];
}

/** Collects the models of a repeatable option. */
export function collectModelName(text: string, previous?: string[]): string[] {
  return collectValue(parseModelName(text), previous);
}

/** Collects the models of `--fallback`. The previous value is `false` after `--no-fallback`. */
export function collectFallbackModel(text: string, previous?: string[] | boolean): string[] {
  return collectModelName(text, Array.isArray(previous) ? previous : []);
}

/** Collects the variables of `--var key=value`. If a key is repeated, its last value applies. */
export function collectVariable(text: string, previous?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return collectAssignment(text, previous, 'Expected key=value, such as --var lang=fr.');
}

/** Collects the paths of `--var-file key=path`. If a key is repeated, its last path applies. */
export function collectVariableFile(text: string, previous?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return collectAssignment(text, previous, 'Expected key=path, such as --var-file text=article.txt.');
}

function collectAssignment(
  text: string,
  previous: ReadonlyMap<string, string> = new Map(),
  expected: string,
): ReadonlyMap<string, string> {
  const separator = text.indexOf('=');
  const name = text.slice(0, separator).trim();
  if (separator === -1 || name === '') throw new InvalidArgumentError(expected);
  return new Map([...previous, [name, text.slice(separator + 1)]]);
}
