import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8Stream } from '../../../src/rows/sources/decode-stream.js';
import { splitBytes } from '../split-bytes.js';

/** Decodes bytes that arrive in chunks of `size` bytes. */
async function decode(bytes: Buffer, size: number): Promise<string> {
  let text = '';
  for await (const piece of decodeUtf8Stream(splitBytes(bytes, size), 'a.csv')) text += piece;
  return text;
}

const someLines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', ','), maxLength: 5 }), {
  minLength: 1,
});

test('text is the same however its bytes are split', async () => {
  await fc.assert(
    fc.asyncProperty(someLines, fc.integer({ min: 1, max: 9 }), async (lines, size) => {
      const text = lines.join('\n');
      expect(await decode(Buffer.from(text), size)).toBe(text);
    }),
  );
});

test('an error names the line of the first byte that is not UTF-8, however the bytes are split', async () => {
  const wrongBytes = fc.constantFrom([0xff], [0xe9], [0xe2, 0x82], [0x80]).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(
      someLines,
      someLines,
      wrongBytes,
      fc.integer({ min: 1, max: 9 }),
      async (before, after, wrong, size) => {
        const bytes = Buffer.concat([Buffer.from(before.join('\n')), wrong, Buffer.from(`\n${after.join('\n')}`)]);
        await expect(decode(bytes, size)).rejects.toThrow(`a.csv:${before.length}: not UTF-8 text`);
      },
    ),
  );
});
