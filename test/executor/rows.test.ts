import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { NarrativeRow } from '../../src/executor/options.js';
import { checkNarrativeFile, loadNarrative } from '../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';
import { mediaBytes } from '../helpers/media-bytes.js';
import { createScriptedDriver } from '../helpers/scripted-driver.js';

const renderNarrative = (acts: string, head = '') =>
  `[narrative]\nname = "n"\n${head}\n[toc]\norder = ["a"]\n[acts]\n${acts}`;

/**
 * Runs a narrative for a row. A picture is in each of three folders: that of the narrative (`narratives`), that of the
 * rows (`rows`), and the folder around both.
 */
async function runWithRow(text: string, row: Partial<NarrativeRow> | undefined, options = {}) {
  const folder = createTemporaryFolder(onTestFinished);
  for (const name of ['rows', 'narratives']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'narratives/n.toml'), text);
  for (const name of ['rows/a.png', 'narratives/b.png', 'c.png']) writeFileSync(join(folder, name), mediaBytes.png);
  symlinkSync(join(folder, 'c.png'), join(folder, 'rows/link.png'));
  const driver = createScriptedDriver();
  const narrative = await loadNarrative(join(folder, 'narratives/n.toml'));
  const executeOptions = row && { row: { number: 7, values: {}, folder: join(folder, 'rows'), ...row } };
  const report = await new NarrativeExecutor({ driver, ...options }).execute(narrative, executeOptions);
  const [request] = driver.requests;
  const turn = request?.turns.at(-1);
  const sent = turn?.role === 'user' ? turn.parts.map((part) => (part.type === 'text' ? part.text : part.name)) : [];
  return { report, sent, system: request?.system, folder };
}

test('inserts the values, the number and the whole row into texts and system instructions', async () => {
  const values = { text: 'a {{row.b}}', n: 1.5, list: [1, { x: null }], nothing: null, 'two words': true };
  const texts = '{{row.text}}|{{row.n}}|{{row.list}}|{{row.nothing}}|{{row.two words}}|{{row.number}}|{{row}}';
  const { sent, system } = await runWithRow(
    renderNarrative(`a = ${JSON.stringify(texts)}`, 'system = "Row {{row.number}}"'),
    { values },
  );
  expect(sent).toEqual([`a {{row.b}}|1.5|[1,{"x":null}]||true|7|${JSON.stringify(values)}`]);
  expect(system).toBe('Row 7');
});

test('a narrative that uses a row fails before any request if there is no row, or if the row lacks the key', async () => {
  const text = renderNarrative('a = "{{row.text}}"');
  const without = await runWithRow(text, undefined);
  expect(without.report.failure).toMatchObject({
    code: 'usage',
    message: 'the narrative uses {{row.text}}, but there are no rows',
  });
  const missing = await runWithRow(text, { values: { txt: 'x' } });
  expect(missing.report.failure).toMatchObject({
    code: 'invalid_narrative',
    message: '{{row.text}} has no value: the row has no key "text"',
    hint: 'Keys of the row: txt.',
  });
  expect([...without.sent, ...missing.sent]).toEqual([]);
  const inherited = await runWithRow(renderNarrative('a = "{{row.constructor}}"'), { values: {} });
  expect(inherited.report.failure?.code).toBe('invalid_narrative');
});

describe('a file that a row names', () => {
  const imageNarrative = renderNarrative('[[acts.a.input]]\ntype = "image"\nfile = "{{row.file}}"');

  test.each([['a.png'], ['../narratives/b.png'], ['./a.png ']])('is read: %s', async (file) => {
    const { report, sent } = await runWithRow(imageNarrative, { values: { file } });
    expect([report.failure, ...sent]).toEqual([undefined, file.trim()]);
  });

  test.each([['../c.png'], ['link.png'], ['/etc/hostname']])('is refused without --allow-outside: %s', async (file) => {
    const { report } = await runWithRow(imageNarrative, { values: { file } });
    expect(report.failure?.code).toBe('no_input');
    expect(report.failure?.message).toMatch(
      /^the file ".*" is outside of .*rows and .*narratives, and its name comes from a row$/,
    );
  });

  test('may be anywhere with --allow-outside, or if it is itself a row of --each; a missing one is an error', async () => {
    const allowed = await runWithRow(imageNarrative, { values: { file: '../c.png' } }, { allowOutside: true });
    expect(allowed.report.status).toBe('completed');
    const folder = createTemporaryFolder(onTestFinished);
    const file = join(folder, 'own.png');
    writeFileSync(file, mediaBytes.png);
    expect((await runWithRow(imageNarrative, { values: { file }, file })).report.status).toBe('completed');
    const missing = await runWithRow(imageNarrative, { values: { file: 'gone.png' } });
    expect(missing.report.failure).toMatchObject({ code: 'no_input', message: 'the file "gone.png" does not exist' });
  });
});

test('without rows, `check` accepts any column, and it warns of an act that is named "row"', async () => {
  const folder = createTemporaryFolder(onTestFinished, {
    'a.toml': renderNarrative('a = "{{row.anything}} {{row}}"'),
    'b.toml': renderNarrative('a = "x"\nrow = "y"'),
  });
  const { diagnostics } = await checkNarrativeFile(join(folder, 'a.toml'));
  expect(diagnostics).toEqual([]);
  const { diagnostics: warnings } = await checkNarrativeFile(join(folder, 'b.toml'));
  expect(warnings.map(({ rule }) => rule)).toContain('reserved-name');
});
