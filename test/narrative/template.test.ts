import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Placeholder, parseTemplate, renderTemplate } from '../../src/narrative/template.js';

const getPlaceholders = (parts: readonly (string | Placeholder)[]) => parts.filter((part) => typeof part !== 'string');
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
])('resolves the escapes of %j and keeps other backslashes', (text, expected) => {
  expect(renderText(text)).toBe(expected);
});

test.each(['{{', '}}', '{{x}', '{{x\n}}', '{ {x} }', '{"a": {"b": {}}}', '{{a{b}}', ''])('keeps %j as text', (text) => {
  expect(renderText(text)).toBe(text);
});

test('reports the offsets of unclosed braces', () => {
  expect(parseTemplate('a {{b {{c}} {{').unclosed).toEqual([2, 12]);
  expect(parseTemplate('\\{{ }} {{c}} {"a": {}}').unclosed).toEqual([]);
});

test('reports where each placeholder is, and how often its text occurs before', () => {
  const text = '\\{{x}} {{ x }} {{x}}';
  const found = getPlaceholders(parseTemplate(text).parts);
  expect(found.map(({ offset, length }) => text.slice(offset, offset + length))).toEqual(['{{ x }}', '{{x}}']);
  // The escaped `{{x}}` counts as an earlier occurrence of `{{x}}`, but not of `{{ x }}`, which is another text.
  expect(found.map(({ occurrence }) => occurrence)).toEqual([0, 1]);
});

/** Texts of characters that are relevant for templates. */
const braced = fc.string({ unit: fc.constantFrom('{', '}', '{{', '}}', '\\', 'x', ' ', '\n', 'vars.', '🎬') });

test('parses any text, and keeps a text without {{', () => {
  fc.assert(
    fc.property(fc.oneof(braced, fc.string()), (text) => {
      const { parts } = parseTemplate(text);
      const rendered = renderTemplate(parts, () => '');
      expect(rendered.length).toBeLessThanOrEqual(text.length);
      if (!text.includes('{{')) expect(parts.join('')).toBe(text);
    }),
  );
});

test('does not replace placeholders in values', () => {
  fc.assert(
    fc.property(braced, braced, (text, value) => {
      const { parts } = parseTemplate(text);
      const names: string[] = [];
      const result = renderTemplate(parts, (name) => {
        names.push(name);
        return value;
      });
      expect(names).toEqual(getPlaceholders(parts).map(({ name }) => name));
      expect(result).toBe(parts.map((part) => (typeof part === 'string' ? part : value)).join(''));
    }),
  );
});

test('restores a text in which each {{ was escaped', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{{', '}}', 'x', ' ', '\n') }), (text) => {
      expect(renderText(text.replaceAll('{{', '\\{{'))).toBe(text);
    }),
  );
});

test.each(['{', '{{', '{{a', '\\', '\\{{', '{{x}}', '{{{x', '}}'])('parses megabytes of %j in linear time', (unit) => {
  const timeOf = (length: number) => {
    const text = unit.repeat(length / unit.length);
    const startedAt = process.cpuUsage();
    parseTemplate(text);
    // CPU time, so that other processes do not count.
    return process.cpuUsage(startedAt).user / 1000;
  };
  // The first call is not measured, because the code is compiled during it.
  timeOf(100_000);
  // Ten times the text: quadratic growth would take a hundred times as long.
  expect(timeOf(2_000_000)).toBeLessThan(40 * Math.max(5, timeOf(200_000)));
});
