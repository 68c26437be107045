import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { checkNarrative } from '../../src/narrative/load-narrative.js';
import type { Diagnostic } from '../../src/toml/diagnostic.js';
import { withHangTimeout } from './hang-timeout.js';

const samples = readdirSync('narratives')
  .filter((name) => name.endsWith('.toml'))
  .map((name) => readFileSync(`narratives/${name}`, 'utf8'));

/** Syntax of narratives, to be inserted at random positions. */
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

/**
 * Checks, for any bytes: there is either a narrative or an error. No message has a stack, and each location is in the
 * text.
 */
export const narrativeProperty = fc.asyncProperty(
  fc.oneof({ arbitrary: mutated, weight: 4 }, generated, fc.uint8Array({ maxLength: 300 })),
  async (bytes) => {
    const { narrative, diagnostics, text } = await withHangTimeout(() =>
      checkNarrative({ file: 'fuzzed.toml', bytes, folder: 'narratives' }),
    );
    const hasError = diagnostics.some(({ severity }) => severity === 'error');
    if (hasError === (narrative !== undefined)) throw new Error('expected either a narrative or an error');
    // If a file has errors and does not look like a narrative, `text` is empty, so that no code frame shows lines of
    // the file: they may hold secrets. Locations still refer to the file, so they are checked against its bytes.
    const source = text === '' ? new TextDecoder().decode(bytes) : text;
    for (const diagnostic of diagnostics) assertValidDiagnostic(diagnostic, diagnostic.source?.text ?? source);
  },
);

/** Checks that a diagnostic has a message and a valid location. */
function assertValidDiagnostic({ message, location }: Diagnostic, text: string): void {
  if (message === '' || /\n\s+at |TypeError|undefined is not|\[object/.test(message))
    throw new Error(`invalid message: ${message}`);
  if (!location) return;
  const line = text.split(/\r\n|\n/)[location.line - 1];
  const isInsideText =
    line !== undefined && location.column >= 1 && location.length >= 1 && location.column <= line.length + 1;
  if (!isInsideText)
    throw new Error(`invalid location ${location.line}:${location.column} of "${message}" in ${JSON.stringify(line)}`);
}
