import { describe, expect, test } from 'vitest';
import { createPriceList } from '../../src/config/price-list.js';

const november = () => Date.UTC(2026, 10, 22);
const queryFee = { usd: 0.014, per: 'query' };

describe('the price of a reply', () => {
  test('is that of the model that served the reply, even if its name ends with a number such as -001', () => {
    const { getReplyPrice } = createPriceList({ now: november });
    expect(getReplyPrice('gemini-3.5-flash-lite', 'gemini-flash-lite-latest')).toMatchObject({
      input: 0.3,
      output: 2.5,
    });
    expect(getReplyPrice('gemini-3.5-flash-lite-001', 'x')).toMatchObject({ input: 0.3, output: 2.5 });
  });

  test('is that of the requested model if the model that served the reply has no known price', () => {
    const { getReplyPrice } = createPriceList({ now: november });
    expect(getReplyPrice('gemini-3.8-flash-09-2026', 'gemini-3.8-flash')).toMatchObject({ input: 0.75, output: 3.75 });
  });

  test('changes at midnight UTC, when the first day of a new price begins', () => {
    const getPriceAt = (time: string) =>
      createPriceList({ now: () => Date.parse(time) }).getReplyPrice('gemini-3.8-flash', 'x');
    expect(getPriceAt('2026-12-31T23:59:59Z')).toMatchObject({ input: 0.75, output: 3.75 });
    expect(getPriceAt('2027-01-01T00:00:00Z')).toMatchObject({ input: 1.5, output: 7.5 });
  });

  test('is undefined for an unknown model', () => {
    const { getReplyPrice, getMaxPrice } = createPriceList({ now: november });
    for (const model of ['gemini-9-flash', 'gemini-9-live', 'constructor']) {
      expect([getReplyPrice(model, model), getMaxPrice(model)]).toEqual([undefined, undefined]);
    }
  });

  test('is that of the settings instead of the built-in one, if the settings have a price for the model or the requested alias', () => {
    const configured = { 'models/gemini-3.8-flash': { input: 1, output: 2 }, 'my-alias': { input: 3, output: 4 } };
    const { getReplyPrice, getMaxPrice } = createPriceList({ configured, now: november });
    expect(getReplyPrice('gemini-3.8-flash', 'x')).toEqual({ input: 1, output: 2, searchFee: queryFee });
    expect(getReplyPrice('who-knows', 'my-alias')).toEqual({ input: 3, output: 4 });
    expect(getMaxPrice('my-alias')).toEqual({ input: 3, output: 4 });
  });
});

test('assumes the highest price of the family for an alias, until a reply shows its model', () => {
  const { getReplyPrice, getMaxPrice } = createPriceList({ now: november });
  expect(getMaxPrice('gemini-flash-latest')).toEqual({ input: 1.5, output: 9, searchFee: queryFee });
  expect(getMaxPrice('gemini-flash-lite-latest')).toEqual({
    ...{ input: 0.3, output: 2.5, inputByModality: { AUDIO: 0.5 }, searchFee: queryFee },
  });
  expect(getMaxPrice('gemini-pro-latest')).toEqual({
    ...{ input: 2, output: 12, above: { promptTokens: 200_000, input: 4, output: 18 }, searchFee: queryFee },
  });
  getReplyPrice('gemini-3.8-flash', 'gemini-flash-latest');
  expect(getMaxPrice('gemini-flash-latest')).toMatchObject({ input: 0.75, output: 3.75 });
});

test('the prices of Gemini 4 Argon and Carbon double on 2026-12-01', () => {
  for (const model of ['gemini-4-argon', 'gemini-4-carbon']) {
    const getPriceAt = (time: string) => createPriceList({ now: () => Date.parse(time) }).getReplyPrice(model, model);
    expect(getPriceAt('2026-11-30T23:59:59Z')).toMatchObject({ input: 2, output: 10, cachedInput: 0.1 });
    expect(getPriceAt('2026-12-01T00:00:00Z')).toMatchObject({ input: 4, output: 20, cachedInput: 0.2 });
  }
});

test('settings may give the price of cached input', () => {
  const { getReplyPrice } = createPriceList({ configured: { m: { input: 4, output: 8, cached_input: 1 } } });
  expect(getReplyPrice('m', 'm')).toEqual({ input: 4, output: 8, cachedInput: 1 });
});

describe('the fee of web searches', () => {
  test('depends on the generation of the model', () => {
    const { getReplyPrice } = createPriceList({ now: november });
    expect(getReplyPrice('gemini-4-argon', 'x')?.searchFee).toEqual(queryFee);
    expect(getReplyPrice('gemini-2.5-flash-lite', 'x')?.searchFee).toEqual({ usd: 0.035, per: 'prompt' });
  });

  test('may come from settings, and is unknown for an unknown model', () => {
    const configured = { m: { input: 1, output: 2, search: 0.5 }, n: { input: 1, output: 2 } };
    const { getReplyPrice } = createPriceList({ configured });
    expect(getReplyPrice('m', 'm')?.searchFee).toEqual({ usd: 0.5, per: 'query' });
    expect(getReplyPrice('n', 'n')).toEqual({ input: 1, output: 2 });
  });
});
