import type { FindMismatches } from '../../driver/driver.js';
import { readPointer, tryParseJson } from '../../util/json.js';
import type { WorkerLimits } from '../../util/run-in-worker.js';
import { sliceCharacters } from '../../util/utf16.js';
import type { Condition, Expectation, Scalar } from './expectation.js';
import { matchPattern } from './match-pattern.js';
import { describeDifference, describeStart, quoteAround } from './quote-excerpt.js';

/** The maximum number of mismatches to report. */
const maxMismatches = 10;

/**
 * Finds the expectations that a reply does not meet, up to `maxMismatches`, and describes each in a few words. Line
 * breaks at the end of the reply do not count, because they are not printed either.
 *
 * @throws BoticelliError `timeout` if a pattern takes longer than `timeoutMs` (default 10 000), `unexpected_reply` if
 *   it takes too much memory or can't be applied; or the reason of the signal
 */
export async function findMismatches(
  reply: string,
  expectations: readonly Expectation[],
  { signal, timeoutMs = 10_000 }: Parameters<FindMismatches>[1] = {},
): Promise<string[]> {
  const limits = { signal, timeoutMs };
  const text = removeTrailingNewlines(reply);
  const json = expectations.some(({ pointer }) => pointer !== undefined) ? tryParseJson(text) : undefined;
  const mismatches: string[] = [];
  for (const expectation of expectations) {
    const { pointer } = expectation;
    const mismatch =
      pointer === undefined
        ? await checkText(text, 'it', expectation, limits)
        : await checkValue(readPointer(json, pointer), pointer, expectation, limits);
    if (mismatch !== undefined) mismatches.push(mismatch);
    if (mismatches.length === maxMismatches) break;
  }
  return mismatches;
}

/**
 * Returns the mismatch of a value of a JSON reply; undefined if it meets the condition. An absent value meets no
 * condition.
 */
async function checkValue(value: unknown, pointer: string, condition: Condition, limits: WorkerLimits) {
  if (value === undefined) return `it has no ${pointer}`;
  const { name } = condition;
  if (name === 'min' || name === 'max') return checkNumber(value, pointer, name, condition.limit);
  if (name === 'equals' || name === 'one_of') {
    if (condition.values.some((expected) => isEqual(value, expected))) return undefined;
    if (typeof value !== 'string')
      return `${pointer} is ${describeValue(value)}, not ${formatChoices(condition.values)}`;
  }
  if (typeof value === 'string') return checkText(value, pointer, condition, limits);
  if ((name === 'contains' || name === 'not_contains') && Array.isArray(value)) {
    return checkContained(condition.texts, name, pointer, (text) => value.some((element) => isEqual(element, text)));
  }
  return `${pointer} is ${describeValue(value)}, and ${JSON.stringify(name)} needs a text`;
}

async function checkText(text: string, subject: string, condition: Condition, limits: WorkerLimits) {
  switch (condition.name) {
    case 'contains': {
      const mismatch = checkContained(condition.texts, 'contains', subject, (part) => text.includes(part));
      return mismatch && `${mismatch}; ${describeStart(text)}`;
    }
    case 'not_contains': {
      const mismatch = checkContained(condition.texts, 'not_contains', subject, (part) => text.includes(part));
      const found = condition.texts.find((part) => text.includes(part));
      return mismatch && found !== undefined ? `${mismatch}: ${quoteAround(text, found)}` : mismatch;
    }
    case 'matches':
      if (await matchPattern(condition.pattern, text, limits)) return undefined;
      return `${subject} does not match the pattern ${JSON.stringify(condition.pattern)}; ${describeStart(text)}`;
    case 'min_words':
    case 'max_words':
      return checkWords(text, subject, condition.name, condition.limit);
    case 'equals':
    case 'one_of':
      return checkChoice(text, subject, condition);
    default:
      return `${subject} is a text, and ${JSON.stringify(condition.name)} needs a number`;
  }
}

function checkContained(
  texts: readonly string[],
  name: 'contains' | 'not_contains',
  subject: string,
  isContained: (text: string) => boolean,
): string | undefined {
  const wrong = texts.filter((text) => isContained(text) !== (name === 'contains'));
  if (wrong.length === 0) return undefined;
  return `${subject} ${name === 'contains' ? 'does not contain' : 'contains'} ${wrong.map(quoteText).join(', ')}`;
}

function checkWords(text: string, subject: string, name: 'min_words' | 'max_words', limit: number): string | undefined {
  let count = 0;
  for (const _ of text.matchAll(/\S+/g)) count += 1;
  if (name === 'min_words' ? count >= limit : count <= limit) return undefined;
  const comparison = name === 'min_words' ? 'fewer' : 'more';
  return `${subject} has ${count} ${count === 1 ? 'word' : 'words'}, ${comparison} than the ${limit} of ${name}`;
}

function checkChoice(
  text: string,
  subject: string,
  { name, values }: Extract<Condition, { name: 'equals' | 'one_of' }>,
): string | undefined {
  const choices = values.map((value) => removeTrailingNewlines(String(value)));
  if (choices.includes(text)) return undefined;
  const [only = ''] = choices;
  if (choices.length === 1)
    return `${subject} is not what ${JSON.stringify(name)} requires: ${describeDifference(text, only)}`;
  return `${subject} is not ${formatChoices(choices)}; ${describeStart(text)}`;
}

function checkNumber(value: unknown, pointer: string, name: 'min' | 'max', limit: number): string | undefined {
  if (typeof value !== 'number') return `${pointer} is ${describeValue(value)}, not a number`;
  if (name === 'min' ? value >= limit : value <= limit) return undefined;
  return `${pointer} is ${value}, ${name === 'min' ? 'less' : 'more'} than the ${name} of ${limit}`;
}

/** Whether a JSON value equals a scalar. A filled placeholder is always a text, so `"5"` also equals the number 5. */
function isEqual(value: unknown, expected: Scalar): boolean {
  if (value === expected) return true;
  return typeof expected === 'string' && ['number', 'boolean'].includes(typeof value) && String(value) === expected;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? quoteText(value) : String(value);
}

/** The maximum number of choices in a message. */
const maxChoices = 10;

function formatChoices(values: readonly Scalar[]): string {
  const shown = values.slice(0, maxChoices).map((value) => (typeof value === 'string' ? quoteText(value) : value));
  const choices = `${shown.join(', ')}${values.length > maxChoices ? ', …' : ''}`;
  return values.length === 1 ? choices : `one of ${choices}`;
}

const maxQuotedLength = 80;

function quoteText(text: string): string {
  return text.length > maxQuotedLength
    ? `${JSON.stringify(sliceCharacters(text, 0, maxQuotedLength))}…`
    : JSON.stringify(text);
}

function removeTrailingNewlines(text: string): string {
  let { length } = text;
  while (length > 0 && '\r\n'.includes(text.charAt(length - 1))) length -= 1;
  return text.slice(0, length);
}
