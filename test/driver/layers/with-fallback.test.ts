import { describe, expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { type FallbackOptions, withFallback } from '../../../src/driver/layers/with-fallback.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { BoticelliError } from '../../../src/errors.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const request: GenerateRequest = { model: 'first', turns: [], parameters: {} };
const usedUp = new BoticelliError('quota_exhausted', "the day's quota of first is used up");
const tooLate = new BoticelliError('rate_limited', 'later than --max-wait allows');

function stack(scripts: ScriptedCall[], options: Partial<FallbackOptions> = {}) {
  const inner = createScriptedDriver(scripts);
  const events: DriverEvent[] = [];
  const driver = withFallback(
    {
      getFallbackModels: (actFallback) => actFallback ?? ['second', 'third'],
      getUnsupportedReason: () => undefined,
      ...options,
    },
    inner,
  );
  return { driver, inner, events, emit: (event: DriverEvent) => void events.push(event) };
}

async function send(driver: ReturnType<typeof stack>['driver'], streaming: boolean, context = {}) {
  if (!streaming) return (await driver.generate(request, context)).text;
  let text = '';
  for await (const chunk of driver.generateStream(request, context)) text += chunk.text;
  return text;
}

describe.each([{ streaming: false }, { streaming: true }])('with streaming: $streaming', ({ streaming }) => {
  test('falls back to the next model, with an event, when a quota is used up or a wait is too long', async () => {
    const { driver, inner, events, emit } = stack([{ error: usedUp }, { error: tooLate }]);
    expect(await send(driver, streaming, { emit })).toBe('Reply 3');
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'second', 'third']);
    expect(events).toEqual([
      { type: 'fallback', from: 'first', to: 'second', reason: usedUp.message },
      { type: 'fallback', from: 'second', to: 'third', reason: tooLate.message },
    ]);
  });

  test('reports every model and the earliest retry time if none has quota left', async () => {
    const [soon, late] = [new Date('2026-11-26T12:00:30Z'), new Date('2026-11-27T08:00:00Z')];
    const hint = 'Nothing was sent.';
    const exhausted = new BoticelliError('quota_exhausted', 'first is used up', { retryAt: late, hint });
    const busy = new BoticelliError('rate_limited', 'second is busy', { retryAt: soon, hint });
    const { driver, inner } = stack([{ error: exhausted }, { error: busy }, { error: tooLate }]);
    await expect(send(driver, streaming)).rejects.toMatchObject({
      code: 'quota_exhausted',
      message: `first is used up; second is busy; ${tooLate.message}`,
      // The hint of one failure may not be true of the others.
      hint: expect.not.stringContaining(hint),
      retryAt: soon,
    });
    expect(inner.requests).toHaveLength(3);
  });

  test('rethrows the error if there is no other model', async () => {
    const { driver } = stack([{ error: usedUp }], { getFallbackModels: () => [] });
    await expect(send(driver, streaming)).rejects.toBe(usedUp);
  });

  test('does not fall back after a failure that all models of the project share', async () => {
    const error = new BoticelliError('quota_exhausted', 'no credits', { isProjectWide: true });
    const { driver, inner, events, emit } = stack([{ error: usedUp }, { error }]);
    await expect(send(driver, streaming, { emit })).rejects.toBe(error);
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'second']);
    expect(events).toHaveLength(1);
  });

  test('does not fall back after a failure that is not about quota', async () => {
    const error = new BoticelliError('unavailable', 'overloaded', { isTransient: true });
    const { driver, inner } = stack([{ error }]);
    await expect(send(driver, streaming)).rejects.toBe(error);
    expect(inner.requests).toHaveLength(1);
  });

  test('skips a model that cannot take the request, and names it', async () => {
    const getUnsupportedReason = (model: string) => (model === 'second' ? 'it takes no audio' : undefined);
    const { driver, inner, events, emit } = stack([{ error: usedUp }], { getUnsupportedReason });
    await send(driver, streaming, { emit });
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'third']);
    expect(events).toMatchObject([
      { to: 'third', reason: expect.stringContaining('skipped second: it takes no audio') },
    ]);
  });

  test('names the skipped models in the error if all are skipped', async () => {
    const { driver } = stack([{ error: usedUp }], { getUnsupportedReason: () => 'it takes no audio' });
    await expect(send(driver, streaming)).rejects.toMatchObject({
      code: 'quota_exhausted',
      message: expect.stringContaining('skipped second: it takes no audio; skipped third'),
    });
  });

  test('uses the fallback models of the act instead of the default ones, and no model twice', async () => {
    const { driver, inner } = stack([{ error: usedUp }]);
    await send(driver, streaming, { fallback: ['first', 'own'] });
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'own']);
  });
});

test('does not fall back after the first text of a stream', async () => {
  const { driver, inner } = stack([{ pieces: ['a'], error: usedUp }]);
  await expect(send(driver, true)).rejects.toBe(usedUp);
  expect(inner.requests).toHaveLength(1);
});
