import { expect, test } from 'vitest';
import { diagnose } from '../../src/toml/diagnose.js';
import { type Fault, fault } from '../../src/toml/fault.js';

/** A fault of the value at a key, by the name of the key; `mine` was meant. */
const misnamed = (key: string): Fault =>
  fault('unknown-name', [key], key, { misnamed: { name: 'mime', known: ['mine'] } });

test('a hundred suggestions go to the first faults of the file, in whatever order they were found', async () => {
  const keys = Array.from({ length: 103 }, (_, at) => `key_${at}`);
  const text = keys.map((key) => `${key} = "mime"\n`).join('');
  const told = await diagnose(keys.toReversed().map(misnamed), text);
  expect(told.map(({ message }) => message)).toEqual(keys);
  const withSuggestion = told.filter(({ suggestion }) => suggestion === 'mine');
  expect(withSuggestion.map(({ message }) => message)).toEqual(keys.slice(0, 100));
});

test('faults without a place come last, as they were found', async () => {
  const told = await diagnose(['z', 'second', 'y', 'first', 'x'].map(misnamed), 'first = "mime"\nsecond = "mime"\n');
  expect(told.map(({ message, place }) => [message, place?.line])).toEqual([
    ['first', 1],
    ['second', 2],
    ['z', undefined],
    ['y', undefined],
    ['x', undefined],
  ]);
});
