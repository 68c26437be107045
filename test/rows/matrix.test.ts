import { expect, test } from 'vitest';
import { countCombinations, createCombinations, formatAxes, formatCombinationId } from '../../src/rows/matrix.js';

test('combinations are listed with the last axis changing fastest, each with a label', () => {
  const axes = [
    { key: 'model', values: ['a', 'b'] },
    { key: 'temperature', values: [0, 1] },
  ];
  expect(createCombinations(axes)).toEqual([
    { number: 1, values: { model: 'a', temperature: 0 }, label: 'model=a temperature=0' },
    { number: 2, values: { model: 'a', temperature: 1 }, label: 'model=a temperature=1' },
    { number: 3, values: { model: 'b', temperature: 0 }, label: 'model=b temperature=0' },
    { number: 4, values: { model: 'b', temperature: 1 }, label: 'model=b temperature=1' },
  ]);
  expect([countCombinations(axes), formatAxes(axes)]).toEqual([4, 'model=a,b temperature=0,1']);
});

test('a label is one short line, and no two are equal', () => {
  const long = 'x'.repeat(100);
  const labels = createCombinations([{ key: 'vars.t', values: ['a b', 'a\nb', `${long}1`, `${long}2`, 'a,"b"'] }]).map(
    ({ label }) => label,
  );
  const shortened = `vars.t=${'x'.repeat(39)}…`;
  expect(labels).toEqual(['vars.t="a b"', 'vars.t="a b" (2)', shortened, `${shortened} (2)`, 'vars.t="a,\\"b\\""']);
});

test('the id of a combination does not depend on the order of its keys', () => {
  const id = formatCombinationId({ values: { model: 'a', temperature: 0 } });
  expect(formatCombinationId({ values: { temperature: 0, model: 'a' } })).toBe(id);
  expect(formatCombinationId({ values: { temperature: '0', model: 'a' } })).not.toBe(id);
});
