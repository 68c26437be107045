import { expect, test } from 'vitest';
import { createModelState, parseModelState } from '../../../src/quota/limiter/model-state.js';

test.each([
  ['no value', undefined],
  ['invalid JSON', '{"appointments":'],
  ['lists that are written as objects (Redis does so with empty ones)', '{"appointments":{},"days":{},"leases":{}}'],
  ['lists whose items are not objects', '{"appointments":[null],"days":[1],"leases":["x"]}'],
])('parses %s as an empty state', (_, json) => {
  expect(parseModelState(json)).toEqual(createModelState());
});

test('parses a state as it was written', () => {
  const state = { ...createModelState(), appointments: [{ id: 'a', at: 1, tokens: 2, bookedAt: 1, confirmed: true }] };
  expect(parseModelState(JSON.stringify(state))).toEqual(state);
});

test('creates a state that is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(createModelState()))).toEqual(createModelState());
});
