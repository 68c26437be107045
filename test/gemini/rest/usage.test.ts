import { describe, expect, test } from 'vitest';
import { addUsage, type Usage, zeroUsage } from '../../../src/driver/response.js';
import { toUsageAndDetails } from '../../../src/gemini/rest/usage.js';

const convert = (metadata: unknown, hasReply = true) => toUsageAndDetails(metadata, { hasReply }).usage;

describe('the counts of a response', () => {
  test('include cached and tool tokens', () => {
    const metadata = {
      ...{ promptTokenCount: 100, cachedContentTokenCount: 80, toolUsePromptTokenCount: 20 },
      ...{ candidatesTokenCount: 5, thoughtsTokenCount: 10, totalTokenCount: 135 },
    };
    expect(convert(metadata)).toEqual({
      ...{ promptTokens: 100, cachedTokens: 80, toolTokens: 20 },
      ...{ outputTokens: 5, thoughtTokens: 10, totalTokens: 135 },
    });
  });

  test('have 0 thought tokens and the sum as their total if the service states only prompt and output tokens', () => {
    const metadata = { promptTokenCount: 7, candidatesTokenCount: 3 };
    expect(convert(metadata)).toEqual({ promptTokens: 7, outputTokens: 3, thoughtTokens: 0, totalTokens: 10 });
    expect(convert({ ...metadata, thoughtsTokenCount: null })).toEqual(convert(metadata));
  });

  test.each([[undefined], [null], [{}], ['x'], [[1]], [{ trafficType: 'ON_DEMAND' }]])(
    'are unknown in %j',
    (metadata) => {
      expect(convert(metadata)).toEqual({});
    },
  );

  test.each([-1, 1.5, '7', {}, [], true, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'are unknown if they are %j',
    (count) => {
      const names = ['promptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount', 'totalTokenCount'];
      expect(convert(Object.fromEntries(names.map((name) => [name, count])))).toEqual({});
      expect(convert({ promptTokenCount: 5, candidatesTokenCount: 1, thoughtsTokenCount: count })).toEqual({
        ...{ promptTokens: 5, outputTokens: 1 },
      });
    },
  );

  test('include output tokens that are derived from the total if the service does not state them', () => {
    const metadata = { promptTokenCount: 10, thoughtsTokenCount: 5, toolUsePromptTokenCount: 2 };
    const totalWithoutReply = 10 + 5 + 2;
    // The Live API leaves thoughts out of the total.
    const liveTotalWithoutReply = 10 + 2;
    expect(convert({ ...metadata, totalTokenCount: totalWithoutReply + 3 }).outputTokens).toBe(3);
    // A reply arrived, so its tokens can't be 0. They are unknown if the total leaves nothing for them or is absent.
    for (const totalTokenCount of [totalWithoutReply, liveTotalWithoutReply, undefined]) {
      expect(convert({ ...metadata, totalTokenCount }).outputTokens).toBeUndefined();
    }
    expect(convert({ ...metadata, totalTokenCount: totalWithoutReply }, false).outputTokens).toBe(0);
    expect(convert(metadata, false)).toMatchObject({ outputTokens: 0, totalTokens: totalWithoutReply });
  });

  test('have no more cached tokens than the prompt', () => {
    expect(convert({ promptTokenCount: 5, cachedContentTokenCount: 9, candidatesTokenCount: 1 }).cachedTokens).toBe(5);
  });
});

test('a breakdown by modality is kept if it is valid; an entry without a modality counts as text', () => {
  const details = (promptTokensDetails: unknown) =>
    toUsageAndDetails({ promptTokensDetails }, { hasReply: true }).tokenDetails;
  expect(
    details([{ modality: 'TEXT', tokenCount: 3 }, { modality: 'audio', tokenCount: 4 }, { tokenCount: 2 }, {}]),
  ).toEqual({ prompt: { TEXT: 5, AUDIO: 4 } });
  for (const invalid of [undefined, null, [], {}, [null], [{ modality: 'TEXT', tokenCount: -1 }]]) {
    expect(details(invalid)).toBeUndefined();
  }
});

describe('a sum of usages', () => {
  const counted: Usage = { promptTokens: 10, cachedTokens: 4, outputTokens: 1, thoughtTokens: 2, totalTokens: 13 };

  test('adds every count; cached or tool tokens that are absent count as 0 if both usages have prompt tokens', () => {
    expect(addUsage(zeroUsage, counted)).toEqual(counted);
    expect(addUsage(counted, { ...counted, toolTokens: 5 })).toEqual({
      ...{ promptTokens: 20, cachedTokens: 8, toolTokens: 5, outputTokens: 2, thoughtTokens: 4, totalTokens: 26 },
    });
  });

  test('has no count that is unknown in either usage', () => {
    expect(addUsage(counted, {})).toEqual({});
    expect(addUsage({ outputTokens: 1 }, counted)).toEqual({ outputTokens: 2 });
  });
});
