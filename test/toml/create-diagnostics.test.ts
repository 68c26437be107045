import { expect, test } from 'vitest';
import { createDiagnostics } from '../../src/toml/create-diagnostics.js';
import { errorAt, type Problem } from '../../src/toml/problem.js';

/** Creates a problem at a key, with the suggestion `mine`. */
const createUnknownNameProblem = (key: string): Problem =>
  errorAt('unknown-name', [key], key, { suggestionQuery: { name: 'mime', candidates: ['mine'] } });

test('computes suggestions for the hundred problems that are first in the text, in whatever order they are given', async () => {
  const keys = Array.from({ length: 103 }, (_, index) => `key_${index}`);
  const text = keys.map((key) => `${key} = "mime"\n`).join('');
  const diagnostics = await createDiagnostics(keys.toReversed().map(createUnknownNameProblem), text);
  expect(diagnostics.map(({ message }) => message)).toEqual(keys);
  const withSuggestion = diagnostics.filter(({ suggestion }) => suggestion === 'mine');
  expect(withSuggestion.map(({ message }) => message)).toEqual(keys.slice(0, 100));
});

test('sorts problems without a location last, in their given order', async () => {
  const diagnostics = await createDiagnostics(
    ['z', 'second', 'y', 'first', 'x'].map(createUnknownNameProblem),
    'first = "mime"\nsecond = "mime"\n',
  );
  expect(diagnostics.map(({ message, location }) => [message, location?.line])).toEqual([
    ['first', 1],
    ['second', 2],
    ['z', undefined],
    ['y', undefined],
    ['x', undefined],
  ]);
});
