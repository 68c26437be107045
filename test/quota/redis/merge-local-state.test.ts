import { expect, test } from 'vitest';
import { getNextPacificMidnight } from '../../../src/driver/pacific-day.js';
import { createModelState } from '../../../src/quota/limiter/model-state.js';
import { mergeLocalState } from '../../../src/quota/redis/merge-local-state.js';

const options = { newStateId: 'e', now: 5000, toServerTime: (at: number) => at + 100, windowMs: 60_000 };

// A shared state is new until `mergeLocalState` gives it a `stateId`.

test('gives a new shared state the local pause, with its reason', () => {
  const state = createModelState();
  mergeLocalState(state, { ...createModelState(), pausedUntil: 9000, pauseReason: 'spend' }, options);
  expect(state).toMatchObject({ pausedUntil: 9100, pauseReason: 'spend' });
});

test('keeps the pause of a shared state that has no `stateId` yet', () => {
  const state = { ...createModelState(), pausedUntil: 7000, pauseReason: 'tpm' as const };
  mergeLocalState(state, { ...createModelState(), pausedUntil: 9000, pauseReason: 'spend' }, options);
  expect(state).toMatchObject({ pausedUntil: 7000, pauseReason: 'tpm' });
});

test('converts the end of a block to server time, unless the block ends with a Pacific day', () => {
  const state = createModelState();
  mergeLocalState(state, { ...createModelState(), blockedUntil: 9000 }, options);
  expect(state.blockedUntil).toBe(9100);
  const dayEnd = getNextPacificMidnight(9000).getTime();
  const other = createModelState();
  mergeLocalState(other, { ...createModelState(), blockedUntil: dayEnd }, options);
  expect(other.blockedUntil).toBe(dayEnd);
});

test('gives the local `maxAcceptedPerWindow` to a new shared state, but not to an existing one', () => {
  const local = { ...createModelState(), maxAcceptedPerWindow: 12 };
  const created = createModelState();
  mergeLocalState(created, local, options);
  expect(created).toMatchObject({ maxAcceptedPerWindow: 12 });
  const existing = { ...createModelState(), stateId: 'e' };
  mergeLocalState(existing, local, options);
  expect(existing).not.toHaveProperty('maxAcceptedPerWindow');
});
