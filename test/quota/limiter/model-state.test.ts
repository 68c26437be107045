import { expect, test } from 'vitest';
import {
  createModelState,
  type ModelState,
  parseModelState,
  refreshState,
  serializeModelState,
} from '../../../src/quota/limiter/model-state.js';

test.each([
  ['no value', undefined],
  ['invalid JSON', '{"appointments":'],
  ['lists that are written as objects (Redis does so with empty ones)', '{"appointments":{},"days":{},"leases":{}}'],
  ['lists whose items are not objects', '{"appointments":[null],"days":[1],"leases":["x"]}'],
])('parses %s as a new state', (_, json) => {
  expect(parseModelState(json)).toEqual(createModelState());
});

test('writes a state with the field names of older versions, and parses it unchanged', () => {
  const reservation = { id: 'a', at: 1, tokens: 2, bookedAt: 1, confirmed: true };
  const slot = { id: 'b', expiresAt: 3 };
  const state: ModelState = {
    ...{ ...createModelState(), reservations: [reservation], concurrencySlots: [slot], servedBy: 'm' },
    ...{ blockedUntil: 5, pausedUntil: 6, pauseReason: 'tpm', marginFactor: 2, marginChangedAt: 4 },
    ...{ maxAcceptedPerWindow: 9, stateId: 'c', rejectedAt: 7 },
  };
  const json = serializeModelState(state);
  expect(JSON.parse(json)).toEqual({
    ...{ appointments: [reservation], leases: [slot], standsFor: 'm', days: [], learned: {}, refusals: 0 },
    ...{ closedUntil: 5, notBefore: 6, refusedFor: 'tpm', guardFactor: 2, guardChangedAt: 4 },
    ...{ servedInWindow: 9, edition: 'c', refusedAt: 7 },
  });
  expect(parseModelState(json)).toEqual(state);
});

test('creates a state that is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(createModelState()))).toEqual(createModelState());
});

test('narrows a safety margin ten windows after the clock was set back by a day', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const state: ModelState = { ...createModelState(), marginFactor: 4, marginChangedAt: now + 86_400_000 };
  refreshState(state, now, 60_000);
  expect(state.marginFactor).toBe(4);
  refreshState(state, now + 600_000, 60_000);
  expect(state.marginFactor).toBe(2);
});
