import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkNarrativeFile } from '../../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { assertSchemaAgrees } from '../assert-schema-agrees.js';
import { formatDiagnostics } from '../check-source.js';

const source = '[narrative]\nname = "x"\n[acts.a]\ninput = [{ type = "text", file = "prompt.md" }]\n';

/** Checks a narrative beside a text file with the given content, or without that file if the content is undefined. */
async function check(content: string | Uint8Array | undefined, narrative = source) {
  const folder = createTemporaryFolder(onTestFinished, { 'x.toml': narrative });
  if (content !== undefined) writeFileSync(join(folder, 'prompt.md'), content);
  const loaded = await checkNarrativeFile(join(folder, 'x.toml'));
  assertSchemaAgrees(narrative, loaded.diagnostics);
  return { ...loaded, folder, problems: formatDiagnostics(loaded.diagnostics) };
}

test('reads a text file with line endings converted to LF, and without its byte order mark', async () => {
  const { narrative, problems } = await check('\uFEFFFirst\r\nsecond {{round}}\r\n');
  expect(problems).toEqual([]);
  expect(narrative?.acts[0]?.inputs).toEqual([{ type: 'text', content: 'First\nsecond {{round}}\n' }]);
});

test('locates a placeholder in the text file itself', async () => {
  // A line that begins with `warning` is a warning. A suggestion follows `→`, and is not part of the message.
  const { diagnostics, folder, problems } = await check('Say\n{{round}} {{vars.tone}} and {{rond}}\n{{open\n');
  expect(problems).toEqual([
    '2:11 unknown-variable: unknown variable {{vars.tone}}; define it in [vars] or with --var',
    '2:29 unknown-name: unknown name {{rond}}; for a variable write {{vars.rond}} and define it in [vars] → {{round}}',
    `warning 3:1 stray-braces: unclosed "{{" in ${JSON.stringify(join(folder, 'prompt.md'))} is kept as text; if that is intended, write \\{{`,
  ]);
  expect(new Set(diagnostics.map((diagnostic) => diagnostic.source?.file))).toEqual(
    new Set([join(folder, 'prompt.md')]),
  );
});

test.each<[string, string | Uint8Array | undefined, string]>([
  ['a missing file', undefined, 'text-not-found: the file "prompt.md" does not exist'],
  ['an empty file', ' \n', 'empty-prompt: the file "prompt.md" is empty'],
  [
    'a binary file',
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1),
    'bad-text: the file "prompt.md" is binary, not text; for a picture, a sound or a PDF use an input with type = "image", "audio" or "document"',
  ],
  [
    'text that is not UTF-8',
    Uint8Array.of(0x68, 0xe9, 0x6c),
    'bad-text: the file "prompt.md" is not UTF-8 text: the byte 0xE9 is not valid UTF-8; save the file as UTF-8',
  ],
  ['a file over 32 MB', new Uint8Array(32_000_001), 'bad-text: the file "prompt.md" is larger than 32 MB'],
])('reports %s at its name in the narrative', async (_what, content, problem) => {
  expect((await check(content)).problems).toEqual([`4:34 ${problem}`]);
});

test('does not fill placeholders in the name of a text file, and says so', async () => {
  const { problems } = await check('Text', source.replace('prompt.md', '{{vars.x}}.md'));
  expect(problems).toEqual([
    '4:34 text-not-found: the file "{{vars.x}}.md" does not exist; placeholders are filled in the text, not in the name of its file',
  ]);
});
