import fc from 'fast-check';
import { expect, test } from 'vitest';
import { getPlaceholders, parseTemplate, renderTemplate } from '../../src/narrative/template.js';

const renderText = (text: string) => renderTemplate(parseTemplate(text).parts, (name) => `<${name}>`);

test.each([
  ['a {{x}} b', 'a <x> b'],
  ['{{x}}{{y}}', '<x><y>'],
  ['{{ vars.x }}', '<vars.x>'],
  ['{{two words}} {{a/b.c-d}} {{🎬}}', '<two words> <a/b.c-d> <🎬>'],
  ['{{{x}}}', '{<x>}'],
  ['{{ {{x}}', '{{ <x>'],
  ['{{}}', '<>'],
])('fills %j', (text, expected) => {
  expect(renderText(text)).toBe(expected);
});

test.each([
  ['\\{{x}}', '{{x}}'],
  ['\\{{x}} {{x}}', '{{x}} <x>'],
  ['\\\\{{x}}', '\\<x>'],
  ['\\\\\\{{x}}', '\\{{x}}'],
  ['\\{{ open', '{{ open'],
  ['C:\\temp \\n \\', 'C:\\temp \\n \\'],
])('resolves the escapes of %j, and leaves other backslashes alone', (text, expected) => {
  expect(renderText(text)).toBe(expected);
});

test.each(['{{', '}}', '{{x}', '{{x\n}}', '{ {x} }', '{"a": {"b": {}}}', '{{a{b}}', ''])(
  'sends %j as it is',
  (text) => {
    expect(renderText(text)).toBe(text);
  },
);

test('tells where an opening stands that nothing closes', () => {
  expect(parseTemplate('a {{b {{c}} {{').unclosed).toEqual([2, 12]);
  expect(parseTemplate('\\{{ }} {{c}} {"a": {}}').unclosed).toEqual([]);
});

test('tells where the braces stand, and how often the same stands before them', () => {
  const text = '\\{{x}} {{ x }} {{x}}';
  const found = getPlaceholders(parseTemplate(text));
  expect(found.map(({ offset, length }) => text.slice(offset, offset + length))).toEqual(['{{ x }}', '{{x}}']);
  expect(found.map(({ occurrence }) => occurrence)).toEqual([0, 1]);
});

/** Texts of the characters that matter. */
const braced = fc.string({ unit: fc.constantFrom('{', '}', '{{', '}}', '\\', 'x', ' ', '\n', 'vars.', '🎬') });

test('any text can be read, and what is not filled keeps its characters', () => {
  fc.assert(
    fc.property(fc.oneof(braced, fc.string()), (text) => {
      const { parts } = parseTemplate(text);
      const rendered = renderTemplate(parts, () => '');
      expect(rendered.length).toBeLessThanOrEqual(text.length);
      if (!text.includes('{{')) expect(parts.join('')).toBe(text);
    }),
  );
});

test('values are never looked into', () => {
  fc.assert(
    fc.property(braced, braced, (text, value) => {
      const { parts } = parseTemplate(text);
      const names: string[] = [];
      const result = renderTemplate(parts, (name) => {
        names.push(name);
        return value;
      });
      expect(names).toEqual(getPlaceholders({ parts, unclosed: [] }).map(({ name }) => name));
      expect(result).toBe(parts.map((piece) => (typeof piece === 'string' ? piece : value)).join(''));
    }),
  );
});

test('a text with every opening escaped is sent as it was meant', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{{', '}}', 'x', ' ', '\n') }), (text) => {
      expect(renderText(text.replaceAll('{{', '\\{{'))).toBe(text);
    }),
  );
});

test.each(['{', '{{', '{{a', '\\', '\\{{', '{{x}}', '{{{x', '}}'])(
  'reads megabytes of %j in a time that grows with their length alone',
  (unit) => {
    const timeOf = (length: number) => {
      const text = unit.repeat(length / unit.length);
      const startedAt = process.cpuUsage();
      parseTemplate(text);
      // Of the processor, not of the clock: other processes must not count.
      return process.cpuUsage(startedAt).user / 1000;
    };
    timeOf(100_000);
    // Ten times the text; were it to grow with the square, it would be a hundred times the time.
    expect(timeOf(2_000_000)).toBeLessThan(40 * Math.max(5, timeOf(200_000)));
  },
);
