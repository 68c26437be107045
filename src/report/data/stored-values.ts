import { isRecord, toList } from '../../util/json.js';

/** Token counts. A count that is not known is absent. */
export interface Tokens {
  promptTokens?: number;
  outputTokens?: number;
  thoughtTokens?: number;
}

/** Whether a stored value is a valid count, duration, time or price: a number that is finite and not negative. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Returns a stored count or duration; 0 for a value that is not an amount. */
export function toAmount(value: unknown): number {
  return isAmount(value) ? value : 0;
}

/** Returns a stored text; a number as text, and an empty text for other values. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

/** Returns the texts of a stored list, and its numbers as texts. Leaves out empty texts and all other values. */
export function toTexts(value: unknown): string[] {
  return toList(value)
    .map(toText)
    .filter((text) => text !== '');
}

/** Returns the token counts of a stored usage. */
export function toTokens(usage: unknown): Tokens {
  if (!isRecord(usage)) return {};
  const { promptTokens, outputTokens, thoughtTokens } = usage;
  return {
    ...(isAmount(promptTokens) && { promptTokens }),
    ...(isAmount(outputTokens) && { outputTokens }),
    ...(isAmount(thoughtTokens) && { thoughtTokens }),
  };
}
