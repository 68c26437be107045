import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/duration.js';
import { isModelName, plainModelName } from '../narrative/model-name.js';

/** Readers of flag values, for commander: each returns the value or throws what commander tells as a usage error. */

/** A name that can be a model's; a `models/` prefix is taken off. */
export function modelName(text: string): string {
  if (isModelName(text)) return plainModelName(text);
  throw new InvalidArgumentError('A model is a name like gemini-flash-lite-latest.');
}

/** 0 to 2. */
export function temperature(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 2) return number;
  throw new InvalidArgumentError('It is a number from 0 to 2.');
}

/** A whole number, `least` or more. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && Number.isSafeInteger(number)) return number;
    throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
  };
}

/** A duration above zero, in milliseconds. At most 24 days: what a timer of Node can wait. */
export function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if (parsed !== undefined && parsed >= 1 && parsed < 2 ** 31) return parsed;
  throw new InvalidArgumentError('It is a duration like 90s, 2m or 1h30m; a bare number is seconds.');
}

/** An amount of US dollars above zero; a `$` before it is taken off. */
export function usd(text: string): number {
  const number = Number(text.trim().replace(/^\$/, ''));
  if (/\d/.test(text) && number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It is an amount of US dollars above zero, like 0.25.');
}

/** Gathers the values of a flag that can be given more than once. */
export function collected(text: string, earlier: string[] = []): string[] {
  return [...earlier, text];
}

/** Gathers the variables of `--var key=value`: of two values for one key the last one counts. */
export function variables(text: string, earlier?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals).trim();
  if (equals === -1 || name === '') throw new InvalidArgumentError('It is a name and its value: --var lang=fr.');
  return new Map([...(earlier ?? []), [name, text.slice(equals + 1)]]);
}

/** Gathers the models of `--fallback`. What a `--no-fallback` before it left there, `false`, is no list. */
export function fallbackModels(text: string, earlier?: string[] | boolean): string[] {
  return collected(modelName(text), Array.isArray(earlier) ? earlier : []);
}

/** How long to wait at most, in milliseconds: 0 is not at all. */
export function patienceMs(text: string): number {
  const parsed = parseDuration(text);
  if (parsed !== undefined && Number.isFinite(parsed)) return parsed;
  throw new InvalidArgumentError('It is a duration like 0, 90s or 2m; a bare number is seconds.');
}

/** An age, in milliseconds: 0 is any. */
export function ageMs(text: string): number {
  const parsed = parseDuration(text);
  if (parsed !== undefined && Number.isFinite(parsed)) return parsed;
  throw new InvalidArgumentError('It is a duration like 12h or 30d.');
}

/** The name of a tier. Which ones there are, the settings know. */
export function tierName(text: string): string {
  const name = text.trim();
  if (name !== '') return name;
  throw new InvalidArgumentError('It is the name of a tier, like free.');
}
