import { describe, expect, test } from 'vitest';
import { calculateCostUsd, estimateCostUsd } from '../../src/driver/cost.js';
import type { GenerateRequest, MediaPart } from '../../src/driver/request.js';
import type { Usage } from '../../src/driver/response.js';
import { builtInPrices, type Price } from '../../src/facts/prices.js';

/** A usage in millions of tokens. Prices are per million tokens, too. */
const millions = ({ prompt = 0, cached = 0, tool = 0, output = 0, thoughts = 0 }): Usage => ({
  ...{ promptTokens: prompt * 1e6, cachedTokens: cached * 1e6, toolTokens: tool * 1e6 },
  ...{ outputTokens: output * 1e6, thoughtTokens: thoughts * 1e6 },
});
const price: Price = { input: 2, output: 10, cachedInput: 0.2 };

describe('the cost of a request', () => {
  test('includes thoughts at the price of output, tool tokens at that of input, and cached tokens at their own', () => {
    expect(calculateCostUsd(millions({ prompt: 3, output: 1, thoughts: 2 }), price)).toBe(36);
    expect(calculateCostUsd(millions({ prompt: 3, cached: 2 }), price)).toBe(2.4);
    expect(calculateCostUsd(millions({ prompt: 1, tool: 2 }), price)).toBe(6);
  });

  test('includes cached tokens at the price of input if their own price is unknown', () => {
    expect(calculateCostUsd(millions({ prompt: 3, cached: 2 }), { input: 2, output: 10 })).toBe(6);
  });

  test('is 0 for a prompt with cached tokens if input is free', () => {
    expect(calculateCostUsd(millions({ prompt: 3, cached: 2 }), { input: 0, output: 10, cachedInput: 0 })).toBe(0);
  });

  test.each(['promptTokens', 'outputTokens', 'thoughtTokens'] as const)('is unknown without %s', (name) => {
    const { [name]: _, ...usage } = millions({ prompt: 1, output: 1 });
    expect(calculateCostUsd(usage, price)).toBeUndefined();
  });

  test('is unknown if the service sent an invalid count', () => {
    expect(calculateCostUsd(millions({ prompt: 1 }), price, { hasInvalidCount: true })).toBeUndefined();
  });

  test('is higher per token for a prompt of more than 200,000 tokens, if the model has a price for long prompts', () => {
    const priceWithLongPrompts = builtInPrices['gemini-3.1-pro-preview']?.[0] as Price;
    const cost = (promptTokens: number) =>
      calculateCostUsd(
        { promptTokens, cachedTokens: 100_000, outputTokens: 10_000, thoughtTokens: 0 },
        priceWithLongPrompts,
      );
    expect(cost(200_000)).toBe(0.34);
    expect(cost(200_001)).toBe(0.620004);
  });

  test('depends on the service tier', () => {
    const cost = (serviceTier: string, factors: Partial<Price> = {}) =>
      calculateCostUsd(millions({ prompt: 1 }), { ...price, ...factors }, { serviceTier });
    expect(['standard', 'unspecified', 'flex'].map((tier) => cost(tier))).toEqual([2, 2, 1]);
    expect(cost('priority', { priorityFactor: 1.8 })).toBe(3.6);
    // The factor of priority differs between models. `turbo` stands for a new tier, whose price is unknown.
    // `constructor` is a property of every object, but no tier.
    expect(['priority', 'constructor', 'turbo'].map((tier) => cost(tier))).toEqual([undefined, undefined, undefined]);
  });
});

describe('the cost of web searches', () => {
  /** The cost of a request: $2 for its prompt ($1 with flex), plus the fee for its searches. */
  const cost = (searches: number, searchFee?: Price['searchFee'], serviceTier = 'standard') =>
    calculateCostUsd(millions({ prompt: 1 }), { ...price, ...(searchFee && { searchFee }) }, { searches, serviceTier });

  test('is a fee for each query or one fee for the prompt, and does not depend on the service tier', () => {
    expect([0, 1, 3].map((searches) => cost(searches, { usd: 0.5, per: 'query' }))).toEqual([2, 2.5, 3.5]);
    expect([0, 1, 3].map((searches) => cost(searches, { usd: 0.5, per: 'prompt' }))).toEqual([2, 2.5, 2.5]);
    expect(cost(2, { usd: 0.5, per: 'query' }, 'flex')).toBe(2);
  });

  test('is unknown if the fee is unknown; without searches, nothing is added', () => {
    expect([cost(0), cost(1)]).toEqual([2, undefined]);
  });
});

describe('the cost of sound', () => {
  const live: Price = { input: 1, output: 4, inputByModality: { AUDIO: 3 }, outputByModality: { AUDIO: 12 } };
  const usage = millions({ prompt: 3, output: 1, thoughts: 1 });

  test('is unknown if the service sent no counts by modality for the prompt or for the reply', () => {
    const details = { prompt: { TEXT: 2e6, AUDIO: 1e6 }, output: { AUDIO: 1e6 } };
    expect(calculateCostUsd(usage, live, details)).toBe(2 + 3 + 12 + 4);
    expect(calculateCostUsd(usage, live, { output: details.output })).toBeUndefined();
    expect(calculateCostUsd(usage, live, { prompt: details.prompt })).toBeUndefined();
  });

  test('includes tokens that the counts by modality do not cover, at the highest price', () => {
    expect(calculateCostUsd(usage, live, { prompt: { TEXT: 2e6 }, output: { TEXT: 1e6 } })).toBe(2 + 3 + 4 + 4);
  });

  test('has the lowest discount for cached tokens that the counts by modality do not cover', () => {
    const cachedPrice: Price = { input: 1, output: 4, cachedInput: 0.5, inputByModality: { AUDIO: 3 } };
    const cost = (cached: Record<string, number>) =>
      calculateCostUsd(millions({ prompt: 3, cached: 2 }), cachedPrice, { prompt: { TEXT: 2e6, AUDIO: 1e6 }, cached });
    expect(cost({ TEXT: 1e6 })).toBe(5 - 1);
    expect(cost({ AUDIO: 1e6 })).toBe(5 - 2);
    expect(cost({ TEXT: 1e6, AUDIO: 1e6 })).toBe(5 - 2);
  });

  test('is unknown if the counts by modality add up to more tokens than the prompt has', () => {
    expect(calculateCostUsd(usage, live, { prompt: { TEXT: 4e6 }, output: { TEXT: 1e6 } })).toBeUndefined();
  });

  test('is estimated at the highest price that the tokens may have', () => {
    const request = (part?: MediaPart): GenerateRequest => ({
      ...{ model: 'm', parameters: {}, turns: [{ role: 'user', parts: part ? [part] : [] }] },
    });
    const tokens = { promptTokens: 1e6, outputTokens: 1e6 };
    // A model that speaks may have sound in any prompt: its own earlier replies.
    expect(estimateCostUsd(request(), tokens, live)).toBe(3 + 12);
    const audioInputPrice: Price = { input: 1, output: 4, inputByModality: { AUDIO: 3 } };
    const media = (mimeType: string): MediaPart => ({
      type: 'media',
      mimeType,
      content: { from: 'bytes', base64: '' },
    });
    expect(estimateCostUsd(request(media('image/png')), tokens, audioInputPrice)).toBe(1 + 4);
    expect(estimateCostUsd(request(media('video/mp4')), tokens, audioInputPrice)).toBe(3 + 4);
  });
});

test('built-in prices are sorted by date; output costs more than input, and cached input costs less', () => {
  for (const [model, prices] of Object.entries(builtInPrices)) {
    const days = prices.map(({ from = '' }) => from);
    expect(days, model).toEqual([...days].sort());
    expect(days[0], model).toBe('');
    const longPromptRates = prices.flatMap(({ above }) => above ?? []);
    for (const rates of [...prices, ...longPromptRates]) {
      expect(rates.output, model).toBeGreaterThan(rates.input);
      expect(rates.cachedInput ?? 0, model).toBeLessThan(rates.input);
    }
  }
});
