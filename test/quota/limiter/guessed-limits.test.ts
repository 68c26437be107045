import { describe, expect, test } from 'vitest';
import { forgetLearnedLimits } from '../../../src/quota/forget-learned-limits.js';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { createMinuteViolation, expectReserved } from './limiter-fixture.js';
import { createLimiterKinds, type LimiterKind } from './limiter-kinds.js';

const startMs = Date.UTC(2026, 10, 22, 12);
const guess: Limits = { rpm: { value: 5, source: 'built-in' } };
const unlimited: Limits = {};
const windowMs = 60_000;

async function openLimiter({ open }: LimiterKind) {
  const clock = createManualClock(startMs);
  const { limiter, store, project } = await open(clock, { windowMs });
  const request = (limits: Limits) => ({ model: 'm', estimatedTokens: 10, limitsFor: () => limits });
  const reserve = async (limits: Limits) => expectReserved(await limiter.reserve(request(limits)));
  /** Sends `count` requests at the same moment. The first `served` of them get a reply. */
  const serve = async (count: number, served = count) => {
    for (let index = 0; index < count; index += 1) {
      const reservation = await reserve(unlimited);
      expect(await limiter.confirm(reservation)).toBe('go');
      if (index < served) await limiter.settle(reservation, { promptTokens: 10, servedModel: 'm' });
    }
  };
  const readState = () => store.read(modelStateKey(project, 'm'));
  return { clock, limiter, store, project, reserve, serve, readState };
}

describe.each(createLimiterKinds())('a guessed limit in $name', (kind) => {
  test('rises to the highest number of requests that were served within one window', async () => {
    const { clock, serve, reserve, readState } = await openLimiter(kind);
    await serve(3);
    clock.advance(20_000);
    await serve(5);
    expect(await readState()).toMatchObject({ maxAcceptedPerWindow: 8 });
    clock.advance(200_000);
    const times: number[] = [];
    for (let index = 0; index < 9; index += 1) times.push((await reserve(guess)).at - clock.now());
    expect(times).toEqual([...Array(8).fill(0), 60_500]);
  });

  test('is stated in a reservation that is delayed by it; a limit from the settings is not', async () => {
    const { serve, reserve } = await openLimiter(kind);
    await serve(7);
    expect(await reserve(guess)).toMatchObject({ reason: 'rpm', isLimitGuessed: true, limit: 7, at: startMs + 60_500 });
    const setting = await reserve({ rpm: { value: 5, source: 'settings' } });
    expect(setting).toMatchObject({ reason: 'rpm', isLimitGuessed: false });
    expect(setting).not.toHaveProperty('limit');
  });

  test('does not rise for requests that have no reply, nor for requests that are spread over two windows', async () => {
    const { clock, serve, readState } = await openLimiter(kind);
    // A number of served requests is stored only if it is above 5, the guess for the free tier. The first window has 4
    // replies to 9 requests, the second has 5 replies. A count of all 9 requests of the first window, or of the 9
    // replies of both windows, would be stored.
    await serve(9, 4);
    clock.advance(windowMs);
    await serve(5);
    expect(await readState()).not.toHaveProperty('maxAcceptedPerWindow');
  });

  test('is replaced by a limit that the service states, even a lower one, and the number it rose to can be forgotten', async () => {
    const { clock, limiter, store, project, serve, reserve, readState } = await openLimiter(kind);
    await serve(9);
    const rejected = await reserve(unlimited);
    await limiter.confirm(rejected);
    await limiter.recordRejection(rejected, { violations: [createMinuteViolation(6)] });
    clock.advance(200_000);
    const times: number[] = [];
    for (let index = 0; index < 7; index += 1) times.push((await reserve(guess)).at - clock.now());
    expect(times).toEqual([...Array(6).fill(0), 60_500]);
    expect(await forgetLearnedLimits(store, project, 'm')).toMatchObject([{ model: 'm', maxAcceptedPerWindow: 9 }]);
    expect(await readState()).not.toHaveProperty('maxAcceptedPerWindow');
  });
});
