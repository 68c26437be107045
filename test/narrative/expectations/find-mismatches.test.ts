import { expect, test } from 'vitest';
import { type Expectation, renderExpectations } from '../../../src/narrative/expectations/expectation.js';
import { findMismatches } from '../../../src/narrative/expectations/find-mismatches.js';

const long = `${'word '.repeat(40)}needle ${'word '.repeat(40)}`;

test.each<[name: string, reply: string, expectation: Expectation, mismatch?: string]>([
  ['contains', 'Hello Ada', { name: 'contains', texts: ['Ada', 'Hello'] }],
  [
    'contains is case-sensitive, and names what is missing',
    'Hello Ada',
    { name: 'contains', texts: ['Ada', 'ada', 'x'] },
    'it does not contain "ada", "x"; it is "Hello Ada"',
  ],
  ['not_contains', 'Hello', { name: 'not_contains', texts: ['ada'] }],
  [
    'not_contains shows the place',
    long,
    { name: 'not_contains', texts: ['zzz', 'needle'] },
    'it contains "needle": …"word word word word word word needle word word word word word word"…',
  ],
  ['matches a part', 'The answer: 42.', { name: 'matches', pattern: '\\d+' }],
  ['matches without the line breaks at the end', '42\r\n\n', { name: 'matches', pattern: '^\\d+$' }],
  ['matches by characters, not UTF-16 units', '😀', { name: 'matches', pattern: '^.$' }],
  [
    'matches shows the beginning',
    long,
    { name: 'matches', pattern: '^\\d+$' },
    `it does not match the pattern "^\\\\d+$"; it begins with ${JSON.stringify(long.slice(0, 60))}`,
  ],
  [
    'matches cuts no character in half',
    `${'x'.repeat(59)}😀 and more`,
    { name: 'matches', pattern: '^\\d+$' },
    `it begins with "${'x'.repeat(59)}"`,
  ],
  ['max_words, met exactly', 'one two\n\tthree', { name: 'max_words', limit: 3 }],
  ['min_words', 'one', { name: 'min_words', limit: 2 }, 'it has 1 word, fewer than the 2 of min_words'],
  ['max_words', ' one  two three ', { name: 'max_words', limit: 2 }, 'it has 3 words, more than the 2 of max_words'],
  ['equals, apart from line breaks at the end', 'yes\n\n', { name: 'equals', values: ['yes\n'] }],
  ['equals with a number', '5\n', { name: 'equals', values: [5] }],
  [
    'equals shows the first difference',
    `${long}cat`,
    { name: 'equals', values: [`${long}dog and more`] },
    `it has …"word word word word word word cat" where …"word word word word word word dog and more" is expected (first difference: character 408)`,
  ],
  [
    'equals does not ignore spaces',
    'yes ',
    { name: 'equals', values: ['yes'] },
    'it has "yes " where "yes" is expected (first difference: character 4)',
  ],
  ['one_of', 'no\n', { name: 'one_of', values: ['yes', 'no'] }],
  [
    'one_of lists the choices',
    'No',
    { name: 'one_of', values: ['yes', 'no'] },
    'it is not one of "yes", "no"; it is "No"',
  ],
])('finds whether a reply meets a condition: %s', async (_, reply, expectation, mismatch) => {
  expect(await findMismatches(reply, [expectation])).toEqual(
    mismatch === undefined ? [] : [expect.stringContaining(mismatch)],
  );
});

const json = JSON.stringify({
  score: 0.25,
  ok: true,
  none: null,
  tone: 'calm words',
  tags: ['a', 5],
  deep: [{ 'a/b': { '~': 'x' } }],
  constructor: 1,
});

test.each<[expectation: Expectation, mismatch?: string]>([
  [{ pointer: '/score', name: 'min', limit: 0.25 }],
  [{ pointer: '/score', name: 'min', limit: 0.5 }, '/score is 0.25, less than the min of 0.5'],
  [{ pointer: '/score', name: 'max', limit: 0.2 }, '/score is 0.25, more than the max of 0.2'],
  [{ pointer: '/tone', name: 'min', limit: 1 }, '/tone is "calm words", not a number'],
  [{ pointer: '/score', name: 'equals', values: [0.25] }],
  [{ pointer: '/score', name: 'equals', values: ['0.25'] }],
  [{ pointer: '/ok', name: 'one_of', values: [true] }],
  [{ pointer: '/ok', name: 'equals', values: [false] }, '/ok is true, not false'],
  [{ pointer: '/none', name: 'equals', values: ['null'] }, '/none is null, not "null"'],
  [{ pointer: '/tags', name: 'equals', values: ['a'] }, '/tags is an array, not "a"'],
  [
    { pointer: '/tone', name: 'equals', values: ['calm'] },
    '/tone is not what "equals" requires: it has "calm words" where "calm" is expected',
  ],
  [{ pointer: '/tone', name: 'contains', texts: ['calm'] }],
  [{ pointer: '/tags', name: 'contains', texts: ['a', '5'] }],
  [{ pointer: '/tags', name: 'contains', texts: ['b'] }, '/tags does not contain "b"'],
  [{ pointer: '/tags', name: 'not_contains', texts: ['a'] }, '/tags contains "a"'],
  [{ pointer: '/score', name: 'contains', texts: ['2'] }, '/score is 0.25, and "contains" needs a text'],
  [{ pointer: '/tone', name: 'max_words', limit: 1 }, '/tone has 2 words'],
  [{ pointer: '/tone', name: 'matches', pattern: '^calm' }],
  [{ pointer: '/deep/0/a~1b/~0', name: 'equals', values: ['x'] }],
  [{ pointer: '/tags/01', name: 'equals', values: ['x'] }, 'it has no /tags/01'],
  [{ pointer: '/tags/length', name: 'equals', values: [2] }, 'it has no /tags/length'],
  [{ pointer: '/toString', name: 'equals', values: ['x'] }, 'it has no /toString'],
  [{ pointer: '/missing/deeper', name: 'not_contains', texts: ['x'] }, 'it has no /missing/deeper'],
])('finds whether a JSON reply meets %j', async (expectation, mismatch) => {
  expect(await findMismatches(json, [expectation])).toEqual(
    mismatch === undefined ? [] : [expect.stringContaining(mismatch)],
  );
});

test('lists at most ten mismatches, and shortens what it quotes of texts', async () => {
  const expectations: Expectation[] = Array.from({ length: 20 }, (_, index) => ({
    name: 'min_words',
    limit: index + 2,
  }));
  expect(await findMismatches('one', expectations)).toHaveLength(10);
  const [mismatch = ''] = await findMismatches('x'.repeat(1e6), [{ name: 'contains', texts: ['y'.repeat(1e6)] }]);
  expect(mismatch.length).toBeLessThan(250);
});

test('fills placeholders in texts, and escapes their values in a pattern', async () => {
  const expectations = renderExpectations(
    [
      { name: 'contains', texts: ['{x}'] },
      { name: 'equals', values: ['{x}', 3] },
      { name: 'matches', pattern: '^{x}$' },
      { name: 'min_words', limit: 1 },
    ],
    (text, formatValue = (value) => value) => text.replace('{x}', formatValue('a.b (c)/[d]{1}|$^*+?\\')),
  );
  expect(expectations.slice(0, 2)).toEqual([
    { name: 'contains', texts: ['a.b (c)/[d]{1}|$^*+?\\'] },
    { name: 'equals', values: ['a.b (c)/[d]{1}|$^*+?\\', 3] },
  ]);
  expect(await findMismatches('a.b (c)/[d]{1}|$^*+?\\', expectations.slice(2))).toEqual([]);
  expect(await findMismatches('axb (c)/[d]{1}|$^*+?\\', expectations.slice(2))).toHaveLength(1);
});
