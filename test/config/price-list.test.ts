import { describe, expect, test } from 'vitest';
import { createPriceList } from '../../src/config/price-list.js';

const november = () => Date.UTC(2026, 10, 22);

describe('the price of a reply', () => {
  test('is that of the model which served, also by the number of its release', () => {
    const { getReplyPrice: served } = createPriceList({ now: november });
    expect(served('gemini-3.5-flash-lite', 'gemini-flash-lite-latest')).toEqual({ input: 0.3, output: 2.5 });
    expect(served('gemini-3.5-flash-lite-001', 'x')).toEqual({ input: 0.3, output: 2.5 });
    expect(served('gemini-3.8-flash-09-2026', 'gemini-3.8-flash')).toEqual({ input: 0.75, output: 3.75 });
  });

  test('changes on the day on which it does', () => {
    const on = (day: string) => createPriceList({ now: () => Date.parse(day) }).getReplyPrice('gemini-3.8-flash', 'x');
    expect(on('2026-12-31T23:59:59Z')).toEqual({ input: 0.75, output: 3.75 });
    expect(on('2027-01-01T00:00:00Z')).toEqual({ input: 1.5, output: 7.5 });
  });

  test('is not known of a model that nobody has told one of', () => {
    const { getReplyPrice: served, getMaxPrice: atMost } = createPriceList({ now: november });
    for (const model of ['gemini-9-flash', 'gemini-3.8-live', 'constructor']) {
      expect([served(model, model), atMost(model)]).toEqual([undefined, undefined]);
    }
  });

  test('of settings beats the built-in one, for an alias too', () => {
    const written = { 'models/gemini-3.8-flash': { input: 1, output: 2 }, 'my-alias': { input: 3, output: 4 } };
    const { getReplyPrice: served, getMaxPrice: atMost } = createPriceList({ configured: written, now: november });
    expect(served('gemini-3.8-flash', 'x')).toEqual({ input: 1, output: 2 });
    expect(served('who-knows', 'my-alias')).toEqual({ input: 3, output: 4 });
    expect(atMost('my-alias')).toEqual({ input: 3, output: 4 });
  });
});

test('an alias is taken to be the dearest of its family, until a reply tells which model it is', () => {
  const { getReplyPrice: served, getMaxPrice: atMost } = createPriceList({ now: november });
  expect(atMost('gemini-flash-latest')).toEqual({ input: 1.5, output: 9 });
  expect(atMost('gemini-flash-lite-latest')).toEqual({ input: 0.3, output: 2.5 });
  expect(atMost('gemini-pro-latest')).toEqual({ input: 2, output: 12 });
  served('gemini-3.8-flash', 'gemini-flash-latest');
  expect(atMost('gemini-flash-latest')).toEqual({ input: 0.75, output: 3.75 });
});
