import { expect, test } from 'vitest';
import { createModelState, parseModelState } from '../../../src/quota/limiter/model-state.js';

test.each([
  ['no text at all', undefined],
  ['a text that is no JSON', '{"appointments":'],
  ['lists that are none, as Redis writes empty ones', '{"appointments":{},"days":{},"leases":{}}'],
  ['lists of what is no record', '{"appointments":[null],"days":[1],"leases":["x"]}'],
])('%s is an empty page', (_, json) => {
  expect(parseModelState(json)).toEqual(createModelState());
});

test('a page comes back as it was written', () => {
  const state = { ...createModelState(), appointments: [{ id: 'a', at: 1, tokens: 2, bookedAt: 1, confirmed: true }] };
  expect(parseModelState(JSON.stringify(state))).toEqual(state);
});
