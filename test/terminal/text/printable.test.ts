import { expect, test } from 'vitest';
import { stringifyJson } from '../../../src/terminal/replies/json.js';
import { escapeUnmeasurable, toPrintable, toPrintableLine } from '../../../src/terminal/text/printable.js';

test.each([
  ['an escape sequence', '\u001b]0;title\u0007', '␛]0;title␇'],
  ['DEL and C1 controls', '\u007f\u009b31m', '␡\ufffd31m'],
  ['an override of the text direction', 'user\u202e\u2066// admin\u2069', 'user\ufffd\ufffd// admin\ufffd'],
  ['embeddings of a text direction', '\u202a\u202b\u202c\u202d', '\ufffd'.repeat(4)],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'a\ufffdb\ufffdc'],
])('shows %s as symbols', (_name, text, expected) => {
  const results = [toPrintable, toPrintableLine, escapeUnmeasurable].map((toResult) => toResult(text));
  expect(results).toEqual([expected, expected, expected]);
});

test('toPrintableLine returns one line, and shows a tab as a space', () => {
  expect(toPrintableLine('a\nb\tc \ud800 \u200f')).toBe('a b c \ud800 \u200f');
});

test('escapeUnmeasurable returns one line with four spaces for a tab, and U+FFFD for a lone surrogate or a direction mark', () => {
  expect(escapeUnmeasurable('a\nb\tc \ud800 \u200f')).toBe('a b    c \ufffd \ufffd');
});

test('toPrintable leaves tabs, line feeds and characters of any script unchanged', () => {
  const text = 'Text\twith\nlines, עברית\u200f, العربية\u061c, 👩\u200d👧 and e\u0301';
  expect(toPrintable(text)).toBe(text);
});

test('JSON escapes what a terminal must not interpret, and parses to the same text', () => {
  const text = '\u001b \u007f \u009b \u2028 \u202e \u2066 é';
  const json = stringifyJson({ text });
  expect(json).toBe('{"text":"\\u001b \\u007f \\u009b \\u2028 \\u202e \\u2066 é"}');
  expect(JSON.parse(json)).toEqual({ text });
});
