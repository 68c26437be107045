import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasUtf16Bom, sliceCharacters, truncate, truncateWithEllipsis } from '../../src/util/utf16.js';

test.each([
  [[0xff, 0xfe, 0x41, 0], true],
  [[0xfe, 0xff, 0, 0x41], true],
  [[0xef, 0xbb, 0xbf], false],
  [[0xff], false],
  [[], false],
])('%j begin with the byte order mark of UTF-16: %s', (bytes, expected) => {
  expect(hasUtf16Bom(Uint8Array.from(bytes))).toBe(expected);
});

test.each([
  ['ab😀cd', 0, 3, 'ab'],
  ['ab😀cd', 0, 4, 'ab😀'],
  ['ab😀cd', 3, 6, 'cd'],
  ['ab😀cd', 3, 3, ''],
  ['😀', 0, 1, ''],
  ['😀', 0, 9, '😀'],
  ['abc', 1, 2, 'b'],
])('slices %j from %d to %d without half of a surrogate pair', (text, start, end, expected) => {
  expect(sliceCharacters(text, start, end)).toBe(expected);
});

test('slices any text as slice() does, without half a character', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'é', '😀'), maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.nat(12), fc.nat(12), (text, start, end) => {
      const slice = sliceCharacters(text, start, end);
      expect(slice).not.toMatch(/\p{Surrogate}/u);
      expect(text.slice(start, end)).toContain(slice);
      expect(text.slice(start, end).length - slice.length).toBeLessThanOrEqual(2);
    }),
  );
});

test.each([
  ['abcd', 'abcd', 'abcd'],
  ['abcde', 'abc…', 'abcd…'],
  ['ab😀cd', 'ab…', 'ab😀…'],
])('cuts %j to four units: %j with the ellipsis, %j without it', (text, withEllipsis, withoutEllipsis) => {
  expect(truncate(text, 4)).toBe(withEllipsis);
  expect(truncateWithEllipsis(text, 4)).toBe(withoutEllipsis);
});
