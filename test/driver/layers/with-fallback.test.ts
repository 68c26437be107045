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
    { getFallbackModels: (named) => named ?? ['second', 'third'], getUnsupportedReason: () => undefined, ...options },
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
  test('a model whose quota is used up is followed by the next one, and that is told', async () => {
    const { driver, inner, events, emit } = stack([{ error: usedUp }, { error: tooLate }]);
    expect(await send(driver, streaming, { emit })).toBe('Reply 3');
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'second', 'third']);
    expect(events).toEqual([
      { type: 'fallback', from: 'first', to: 'second', reason: usedUp.message },
      { type: 'fallback', from: 'second', to: 'third', reason: tooLate.message },
    ]);
  });

  test('if none has quota left the error says so of each, and when the first of them has', async () => {
    const [soon, late] = [new Date('2026-11-26T12:00:30Z'), new Date('2026-11-27T08:00:00Z')];
    const hint = 'Nothing was sent.';
    const closed = new BoticelliError('quota_exhausted', 'first is used up', { retryAt: late, hint });
    const busy = new BoticelliError('rate_limited', 'second is busy', { retryAt: soon, hint });
    const { driver, inner } = stack([{ error: closed }, { error: busy }, { error: tooLate }]);
    await expect(send(driver, streaming)).rejects.toMatchObject({
      code: 'quota_exhausted',
      message: `first is used up; second is busy; ${tooLate.message}`,
      hint: expect.not.stringContaining(hint),
      retryAt: soon,
    });
    expect(inner.requests).toHaveLength(3);
  });

  test('if there is no other model the error comes up as it is', async () => {
    const { driver } = stack([{ error: usedUp }], { getFallbackModels: () => [] });
    await expect(send(driver, streaming)).rejects.toBe(usedUp);
  });

  test('any other failure is no reason to turn to another model', async () => {
    const error = new BoticelliError('unavailable', 'overloaded', { isTransient: true });
    const { driver, inner } = stack([{ error }]);
    await expect(send(driver, streaming)).rejects.toBe(error);
    expect(inner.requests).toHaveLength(1);
  });

  test('a model that cannot take the request is passed over and named', async () => {
    const getUnsupportedReason = (model: string) => (model === 'second' ? 'for it is deaf' : undefined);
    const { driver, inner, events, emit } = stack([{ error: usedUp }], { getUnsupportedReason });
    await send(driver, streaming, { emit });
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'third']);
    expect(events).toMatchObject([
      { to: 'third', reason: expect.stringContaining('second is passed over, for it is deaf') },
    ]);
  });

  test('if all others are passed over the error says so', async () => {
    const { driver } = stack([{ error: usedUp }], { getUnsupportedReason: () => 'for it is deaf' });
    await expect(send(driver, streaming)).rejects.toMatchObject({
      code: 'quota_exhausted',
      message: expect.stringContaining('second is passed over, for it is deaf; third is passed over'),
    });
  });

  test('the models that the act names come instead of the others, and the same model not twice', async () => {
    const { driver, inner } = stack([{ error: usedUp }]);
    await send(driver, streaming, { fallback: ['first', 'own'] });
    expect(inner.requests.map(({ model }) => model)).toEqual(['first', 'own']);
  });
});

test('once text was yielded it is too late for another model', async () => {
  const { driver, inner } = stack([{ pieces: ['a'], error: usedUp }]);
  await expect(send(driver, true)).rejects.toBe(usedUp);
  expect(inner.requests).toHaveLength(1);
});
