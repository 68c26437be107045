import { expect, test } from 'vitest';
import { getNextPacificMidnight } from '../../../src/driver/pacific-day.js';
import { createModelState } from '../../../src/quota/limiter/model-state.js';
import { mergeLocalState } from '../../../src/quota/redis/merge-local-state.js';

const options = { newStateId: 'e', now: 5000, toServerTime: (at: number) => at + 100, windowMs: 60_000 };

test('gives a new shared state the local pause, with its reason', () => {
  const state = createModelState();
  mergeLocalState(state, { ...createModelState(), notBefore: 9000, notBeforeReason: 'spend' }, options);
  expect(state).toMatchObject({ notBefore: 9100, notBeforeReason: 'spend' });
});

test('keeps the pause that a shared state already has', () => {
  const state = { ...createModelState(), notBefore: 7000, notBeforeReason: 'tpm' as const };
  mergeLocalState(state, { ...createModelState(), notBefore: 9000, notBeforeReason: 'spend' }, options);
  expect(state).toMatchObject({ notBefore: 7000, notBeforeReason: 'tpm' });
});

test('converts `closedUntil` (when a closed model reopens) to server time, unless it is the end of a Pacific day', () => {
  const state = createModelState();
  mergeLocalState(state, { ...createModelState(), closedUntil: 9000 }, options);
  expect(state.closedUntil).toBe(9100);
  const dayEnd = getNextPacificMidnight(9000).getTime();
  const other = createModelState();
  mergeLocalState(other, { ...createModelState(), closedUntil: dayEnd }, options);
  expect(other.closedUntil).toBe(dayEnd);
});

test('gives the local `servedInWindow` to a new shared state, but not to an existing one', () => {
  const local = { ...createModelState(), servedInWindow: 12 };
  const created = createModelState();
  mergeLocalState(created, local, options);
  expect(created).toMatchObject({ servedInWindow: 12 });
  // `mergeLocalState` gives a new shared state its id, `edition`, so a state that already has an id is not new.
  const existing = { ...createModelState(), edition: 'e' };
  mergeLocalState(existing, local, options);
  expect(existing).not.toHaveProperty('servedInWindow');
});
