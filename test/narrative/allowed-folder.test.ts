import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkNarrativeFile, loadNarrative } from '../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';
import { formatDiagnostics, renderHead } from './check-source.js';

const actWithDocument = (source: string) => `{ input = [{ type = "document", ${source} }] }`;
const actWithSchema = '{ format = "json", schema = "../s.json", input = [{ type = "text", content = "x" }] }';

/**
 * Creates a folder with a narrative that may read files only from this folder. `link.txt` and `nested.toml` are links
 * that lead out of the folder.
 */
function createNarrativeWithAllowedFolder(act: string) {
  const source = `${renderHead('a')}[acts]\na = ${act}\n[vars]\nup = "../x.txt"\n`;
  const folder = createTemporaryFolder(onTestFinished, { 'n.toml': source, 'inside.txt': 'Text.' });
  symlinkSync('/etc/passwd', join(folder, 'link.txt'));
  symlinkSync('../nested.toml', join(folder, 'nested.toml'));
  // The library calls the allowed folder `confinement`.
  const options = { confinement: { folder, reason: 'this is a test', hint: 'Lift it.' } };
  return { folder, file: join(folder, 'n.toml'), options };
}

test.each([
  [actWithDocument('file = "../x.txt"'), 'the file "../x.txt"'],
  [actWithDocument('file = "/etc/passwd"'), 'the file "/etc/passwd"'],
  [actWithDocument('file = "link.txt"'), 'the file "link.txt"'],
  [actWithDocument('file = "inside.txt/../../x.txt"'), 'the file "inside.txt/../../x.txt"'],
  [actWithDocument('file = "{{vars.up}}"'), 'the file "../x.txt"'],
  [actWithSchema, 'the file "../s.json"'],
  ['{ input = [{ type = "text", file = "link.txt" }] }', 'the file "link.txt"'],
  ['"narrative:nested"', 'the narrative "nested.toml"'],
])('a narrative with an allowed folder reads no file outside of this folder: %s', async (act, name) => {
  const { folder, file, options } = createNarrativeWithAllowedFolder(act);
  const { diagnostics, narrative } = await checkNarrativeFile(file, options);
  expect(narrative).toBeUndefined();
  const expected = `outside-folder: ${name} is outside of ${folder}, and this is a test. Lift it.`;
  expect(formatDiagnostics(diagnostics)).toEqual([expect.stringMatching(/^\d+:\d+ /)]);
  expect(formatDiagnostics(diagnostics)[0]).toContain(expected);
  await expect(loadNarrative(file, options)).rejects.toMatchObject({ code: 'no_input' });
});

test('a narrative with an allowed folder reads files of this folder, and downloads only from public addresses', async () => {
  const { file, options } = createNarrativeWithAllowedFolder(actWithDocument('file = "inside.txt"'));
  expect((await checkNarrativeFile(file, options)).diagnostics).toEqual([]);
  const download = createNarrativeWithAllowedFolder(actWithDocument('url = "https://a.example/x.txt"'));
  const narrative = await loadNarrative(download.file, download.options);
  expect(narrative.acts[0]?.inputs[0]).toMatchObject({ content: { from: 'url-to-fetch', publicOnly: true } });
});
