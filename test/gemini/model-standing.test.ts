import { expect, test } from 'vitest';
import { modelStanding } from '../../src/gemini/model-standing.js';

const november = Date.parse('2026-11-22T12:00:00Z');
const december = Date.parse('2026-12-01T00:00:00Z');
const listed = (...names: string[]) => names.map((name) => ({ name, methods: ['generateContent'] }));

test('a model of the table is known without a list, one of the list by the list', () => {
  expect(modelStanding('gemini-3.8-flash', { now: november })).toEqual({ state: 'known', by: 'table' });
  expect(modelStanding('gemini-x', { now: november, entries: listed('gemini-x') })).toEqual({
    state: 'known',
    by: 'catalogue',
  });
});

test('a name that nobody knows has its nearest, and who says so', () => {
  expect(modelStanding('gemini-3.8-flush', { now: november })).toMatchObject({
    ...{ state: 'unknown', by: 'table' },
    nearest: expect.arrayContaining(['gemini-3.8-flash']),
  });
  expect(modelStanding('gemini-3.8-flash', { now: november, entries: listed('gemini-4.8-flash') })).toEqual({
    ...{ state: 'unknown', by: 'catalogue' },
    nearest: ['gemini-4.8-flash'],
  });
});

test('a model retires until its day comes, and is retired from then on', () => {
  expect(modelStanding('gemini-2.5-flash', { now: november })).toMatchObject({ state: 'retiring', on: '2026-12-01' });
  expect(modelStanding('gemini-2.5-flash', { now: december })).toMatchObject({ state: 'retired', since: '2026-12-01' });
  expect(modelStanding('gemini-2.5-flash', { now: december - 1 })).toMatchObject({ state: 'retiring' });
});

test('a retired model is not among those that could stand in for another', () => {
  const standing = modelStanding('gemini-2.0-flash', { now: november });
  expect(standing).toMatchObject({ state: 'retired', since: '2026-06-01' });
  expect(standing).toMatchObject({ nearest: expect.arrayContaining(['gemini-2.5-flash']) });
  expect('nearest' in standing && standing.nearest.filter((name) => name.startsWith('gemini-2.0'))).toEqual([]);
});

test('what the service still lists is not gone, whatever day was announced', () => {
  const entries = listed('gemini-2.5-flash');
  expect(modelStanding('gemini-2.5-flash', { now: december, entries })).toEqual({ state: 'known', by: 'catalogue' });
});
