import { expect, test } from 'vitest';
import { forecastQuota } from '../../src/quota/forecast.js';
import { createModelState, type ModelState } from '../../src/quota/limiter/model-state.js';
import { modelStateKey } from '../../src/quota/limiter/model-state-access.js';
import type { Limits } from '../../src/quota/limits.js';

const now = Date.UTC(2026, 10, 22, 12);
const createLimit = (value: number) => ({ value, source: 'settings' }) as const;
const options = (limits: Limits, states = new Map<string, ModelState>()) => ({
  ...{ project: 'p', windowMs: 60_000, limitsFor: () => limits, modelStates: states, now },
});
const requests = (count: number, model = 'm') => Array.from({ length: count }, () => ({ model, tokens: 100 }));

test('at 5 requests per minute, the sixth request waits for one window, and the eleventh for two', () => {
  expect(forecastQuota(requests(5), options({ rpm: createLimit(5) })).waitMs).toBe(0);
  expect(forecastQuota(requests(6), options({ rpm: createLimit(5) })).waitMs).toBe(60_500);
  expect(forecastQuota(requests(11), options({ rpm: createLimit(5) })).waitMs).toBe(121_000);
});

test('limits each model separately', () => {
  const both = [...requests(5, 'a'), ...requests(5, 'b')];
  expect(forecastQuota(both, options({ rpm: createLimit(5) })).waitMs).toBe(0);
});

test('reports that the daily quota of the model behind an alias will be used up, and changes no state', () => {
  const state = { ...createModelState(), days: [{ endsAt: Date.UTC(2026, 10, 23, 8), count: 3 }] };
  const states = new Map([
    [modelStateKey('p', 'alias'), { ...createModelState(), servedBy: 'm' }],
    [modelStateKey('p', 'm'), state],
  ]);
  const before = structuredClone(states);
  expect(forecastQuota(requests(4, 'alias'), options({ rpd: createLimit(5) }, states))).toEqual({
    waitMs: 0,
    blockedModel: { model: 'm', afterRequests: 2, until: Date.UTC(2026, 10, 23, 8) },
  });
  expect(states).toEqual(before);
});

test('takes seconds, not minutes, for 90,000 requests', () => {
  const startedAt = performance.now();
  expect(forecastQuota(requests(90_000), options({ rpm: createLimit(15), tpm: createLimit(1_000_000) })).waitMs).toBe(
    5999 * 60_500,
  );
  expect(performance.now() - startedAt).toBeLessThan(30_000);
});
