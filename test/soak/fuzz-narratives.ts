import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { checkNarrative } from '../../src/narrative/load-narrative.js';
import type { Diagnostic } from '../../src/toml/diagnostic.js';
import { withHangTimeout } from './hang-timeout.js';

const samples = readdirSync('narratives')
  .filter((name) => name.endsWith('.toml'))
  .map((name) => readFileSync(`narratives/${name}`, 'utf8'));

/** What means something in a narrative, to be put where it does not belong. */
const fragments = fc.oneof(
  fc.constantFrom(
    '[',
    ']',
    '[[',
    ']]',
    '"',
    '"""',
    "'''",
    '=',
    '.',
    ',',
    '{',
    '}',
    '#',
    '\n',
    '\r',
    '\r\n',
    '\0',
    '\t',
  ),
  fc.constantFrom('{{', '}}', '{{vars.x}}', '\\{{', '__proto__', 'constructor', 'toString', '\\u0000', '\\ud800', '🎬'),
  fc.constantFrom('[acts]', '[toc]', '[narrative]', '[acts.a]', '[[acts.a.input]]', 'order = ["a"]', 'type = "text"'),
  fc.constantFrom(
    'type = "image"',
    'source = "x"',
    'carousel = 3',
    'context = ["a"]',
    '1e400',
    'inf',
    'nan',
    '1979-02-30',
  ),
  fc.constantFrom('0x', '-', '9223372036854775808', 'true', '[]', '{}', 'narrative = "./x.toml"', '[acts.__proto__]'),
  fc.string({ maxLength: 6 }),
);

const mutated = fc
  .record({
    sample: fc.constantFrom(...samples),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        removed: fc.nat({ max: 40 }),
        piece: fragments,
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ sample, edits }) =>
    edits.reduce((text, { at, removed, piece }) => {
      const offset = Math.floor(at * text.length);
      return text.slice(0, offset) + piece + text.slice(offset + removed);
    }, sample),
  )
  .map((text) => Buffer.from(text));

const generated = fc.array(fragments, { maxLength: 30 }).map((all) => Buffer.from(all.join('')));

/** Whatever bytes there are, there is a narrative or an error that says where, and never a stack. */
export const narrativeProperty = fc.asyncProperty(
  fc.oneof({ arbitrary: mutated, weight: 4 }, generated, fc.uint8Array({ maxLength: 300 })),
  async (bytes) => {
    const { narrative, diagnostics, text } = await withHangTimeout(() =>
      checkNarrative({ file: 'fuzzed.toml', bytes, folder: 'narratives' }),
    );
    const hasError = diagnostics.some(({ severity }) => severity === 'error');
    if (hasError === (narrative !== undefined)) throw new Error('there must be a narrative or an error, and not both');
    for (const diagnostic of diagnostics) assertValidDiagnostic(diagnostic, diagnostic.source?.text ?? text);
  },
);

/** It says something, in words, and where it says that it is there is something. */
function assertValidDiagnostic({ message, location: place }: Diagnostic, text: string): void {
  if (message === '' || /\n\s+at |TypeError|undefined is not|\[object/.test(message))
    throw new Error(`it says ${message}`);
  if (!place) return;
  const line = text.split(/\r\n|\n/)[place.line - 1];
  const isInsideText = line !== undefined && place.column >= 1 && place.length >= 1 && place.column <= line.length + 1;
  if (!isInsideText) throw new Error(`${message} stands at ${place.line}:${place.column}, ${JSON.stringify(line)}`);
}
