import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../util/duration.js';
import { isValidModelName, stripModelPrefix } from '../util/model-name.js';

/** Readers of flag values, for commander: each returns the value or throws what commander tells as a usage error. */

/** A name that can be a model's; a `models/` prefix is taken off. */
export function parseModelName(text: string): string {
  if (isValidModelName(text)) return stripModelPrefix(text);
  throw new InvalidArgumentError('A model is a name like gemini-flash-lite-latest.');
}

/** 0 to 2. */
export function parseTemperature(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 2) return number;
  throw new InvalidArgumentError('It is a number from 0 to 2.');
}

/** A whole number, `least` or more. */
export function createIntegerParser(min: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && Number.isSafeInteger(number)) return number;
    throw new InvalidArgumentError(`It is a whole number, ${min} or more.`);
  };
}

/** A duration above zero, in milliseconds. At most 24 days: what a timer of Node can wait. */
export function parsePositiveDurationMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed !== undefined && parsed >= 1 && parsed < 2 ** 31) return parsed;
  throw new InvalidArgumentError('It is a duration like 90s, 2m or 1h30m; a bare number is seconds.');
}

/** An amount of US dollars above zero; a `$` before it is taken off. */
export function parseUsd(text: string): number {
  const number = Number(text.trim().replace(/^\$/, ''));
  if (/\d/.test(text) && number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It is an amount of US dollars above zero, like 0.25.');
}

/** Gathers the values of a flag that can be given more than once. */
export function collectValue(text: string, previous: string[] = []): string[] {
  return [...previous, text];
}

/** Gathers the variables of `--var key=value`: of two values for one key the last one counts. */
export function collectVariable(text: string, previous?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const separator = text.indexOf('=');
  const name = text.slice(0, separator).trim();
  if (separator === -1 || name === '') throw new InvalidArgumentError('It is a name and its value: --var lang=fr.');
  return new Map([...(previous ?? []), [name, text.slice(separator + 1)]]);
}

/** Gathers the models of `--fallback`. What a `--no-fallback` before it left there, `false`, is no list. */
export function collectFallbackModel(text: string, previous?: string[] | boolean): string[] {
  return collectValue(parseModelName(text), Array.isArray(previous) ? previous : []);
}

/** How long to wait at most, in milliseconds: 0 is not at all. */
export function parseMaxWaitMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed !== undefined && Number.isFinite(parsed)) return parsed;
  throw new InvalidArgumentError('It is a duration like 0, 90s or 2m; a bare number is seconds.');
}

/** An age, in milliseconds: 0 is any. */
export function parseAgeMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed !== undefined && Number.isFinite(parsed)) return parsed;
  throw new InvalidArgumentError('It is a duration like 12h or 30d.');
}

/** The name of a tier. Which ones there are, the settings know. */
export function parseTierName(text: string): string {
  const name = text.trim();
  if (name !== '') return name;
  throw new InvalidArgumentError('It is the name of a tier, like free.');
}
