import { expect, test } from 'vitest';
import type { RunData } from '../../src/report/data/report-run.js';
import { createReportRenderer } from '../../src/report/render-report.js';
import type { RecordedAct, RecordedRun } from '../../src/store/runs/recorded-run.js';

const usage = { promptTokens: 100, outputTokens: 20, thoughtTokens: 0, totalTokens: 120 };

function createData(run: object, acts: readonly object[] = []): RunData {
  const facts = { run: 'r', narrative: 'n', status: 'completed', startedAt: '2026-11-30T09:00:00.000Z', usage };
  const counts = { actCount: acts.length, actsEnded: acts.length, attempts: 1, waitMs: 0, durationMs: 5000 };
  const models = { modelsAsked: ['m'], modelsServed: ['m'] };
  return {
    run: { ...facts, ...counts, ...models, ...run } as RecordedRun,
    acts: acts.map((act) => ({ act: '', events: [], ...act })),
    ...{ rows: [], readActs: () => [] },
  };
}
const createEnd = (end: object) => ({
  ...{ type: 'act-end', index: 0, model: 'm', requestedModel: 'm', text: 'Text.', finishReason: 'STOP', usage },
  ...{ attempts: 1, waitMs: 0, durationMs: 1000, reused: false, ...end },
});
const render = async (...runs: RunData[]) => [...(await createReportRenderer())(runs)].join('');

test('places acts on one axis by their measured times, in whatever order they are stored', async () => {
  const createAct = (act: string, startedAt: number) => ({
    ...{ act, end: createEnd({ act }), timing: { startedAt, durationMs: 2000, waits: [] } },
  });
  const page = await render(createData({}, [createAct('second', 8000), createAct('first', 6000)]));
  expect(page.match(/<rect class="thinking-and-answering" x="[^"]*" width="[^"]*"/g)).toEqual([
    '<rect class="thinking-and-answering" x="50%" width="50%"',
    '<rect class="thinking-and-answering" x="0%" width="50%"',
  ]);
});

test('shows a prompt that was kept: parameters, system, texts and media', async () => {
  const prompt = {
    ...{ model: 'm', parameters: { temperature: 0.5, stop: ['x'] }, system: 'Be <brief>.', earlierTurns: 0 },
    parts: [
      { type: 'text', text: 'Look & tell.' },
      { type: 'media', name: 'a.png', mimeType: 'image/png', byteLength: 1200 },
    ],
  };
  const page = await render(createData({}, [{ act: 'a', end: createEnd({}), prompt }]));
  expect(page).toContain('temperature 0.5, stop [&quot;x&quot;]');
  expect(page).toContain('<pre dir="auto">Be &lt;brief&gt;.</pre>');
  expect(page).toContain('<pre dir="auto">Look &amp; tell.</pre><p class="note">a.png, image/png, 1,200 bytes</p>');
});

test('shows the service tier, sources, searches and code of a reply, and leaves out a source that is not on the web', async () => {
  const end = createEnd({
    serviceTier: 'flex',
    sources: [{ title: 'A page', uri: 'https://a.example/?b&c' }, { uri: 'javascript:alert(1)' }, 7],
    searches: ['height of a tower'],
    code: [{ language: 'PYTHON', code: 'print(1 < 2)', output: 'True' }],
  });
  const page = await render(createData({}, [{ act: 'a', end }]));
  expect(page).toContain('href="https://a.example/?b&amp;c">A page</a></li></ol>');
  expect(page).not.toContain('javascript:');
  expect(page).toContain('Searched for: height of a tower');
  expect(page).toContain('m · flex tier · 100 tokens in, 20 out');
  expect(page).toContain(
    '(python)</summary><pre dir="ltr">print(1 &lt; 2)</pre><p>Output:</p><pre dir="ltr">True</pre>',
  );
});

test('sums the tokens and costs of each model; a reused reply adds nothing, and an unknown cost stays unknown', async () => {
  const end = (model: string, fields: object) => createEnd({ model, ...fields });
  const acts = [
    { act: 'a', end: end('m1', { costUsd: 0.01 }) },
    { act: 'b', end: end('m1', { costUsd: 0.02 }) },
    { act: 'c', end: end('m1', { reused: true, attempts: 0, costUsd: 0 }) },
    { act: 'd', end: end('m2', {}) },
  ];
  const page = await render(createData({}, acts));
  const cells = (...texts: string[]) => texts.map((text) => `<td class="number">${text}</td>`).join('');
  expect(page).toContain(`<th scope="row" class="model">m1</th>${cells('2', '200', '40', '0', '$0.030')}</tr>`);
  expect(page).toContain(`<th scope="row" class="model">m2</th>${cells('1', '100', '20', '0', '')}</tr>`);
});

test('compares row 1 of one run with row 1 of another, and names the combinations of a matrix', async () => {
  const row = (run: string) => ({ ...createData({ run, rowLabel: 'x' }).run });
  const readActs = (text: string) => () => [
    { act: 'a', end: createEnd({ text }), events: [] } as unknown as RecordedAct,
  ];
  const createRowsData = (run: string, text: string, matrixLabel: string): RunData => ({
    ...createData({ run, source: 's.csv', matrixLabel }),
    ...{ rows: [row(`${run}/1`)], readActs: readActs(text) },
  });
  const page = await render(createRowsData('r', 'one two', 'model=m1'), createRowsData('s', 'one three', 'model=m2'));
  expect(page).toContain('<h3><bdi>Row 1: x</bdi></h3>');
  expect(page).toContain('one <del>two</del><ins>three</ins>');
  expect(page).toContain('<a href="#r2">2. <bdi>model=m2</bdi></a>');
});
