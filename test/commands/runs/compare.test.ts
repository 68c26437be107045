import { join } from 'node:path';
import LibSql from 'libsql';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ComparedAct, Comparison } from '../../../src/terminal/reports/compare-report.js';
import { formatDuration } from '../../../src/terminal/text/format.js';
import { buildNarrative, canaryKey, createTemporaryFolder } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
  server.setDefaultReply(({ path, body }) => {
    const model = /models\/([^:]*)/.exec(path)?.[1];
    return textReply(`A reply of ${model} at ${body.generationConfig?.temperature ?? 'its own'} temperature.`);
  });
});
afterEach(() => server.close());

function setup() {
  const cwd = createTemporaryFolder(onTestFinished, {
    // `two.toml` and `one.toml` both name their narrative `test`, so they are two versions of one narrative.
    'two.toml': buildNarrative(2),
    'one.toml': buildNarrative(1),
    'odd.toml': '[narrative]\nname = "<b>odd</b> | \\u202E"\n[acts]\nact_1 = "Hi"\n',
  });
  const env = {
    ...{ GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  const call = (...args: string[]) => runInProcess(args, { cwd, env });
  return {
    cwd,
    run: (file: string, ...args: string[]) => call('run', join(cwd, file), '--quiet', ...args),
    compare: (...args: string[]) => call('runs', 'compare', ...args),
    compareJson: async (...args: string[]): Promise<Comparison> =>
      JSON.parse((await call('runs', 'compare', '--format', 'json', ...args)).stdout),
    list: async () => JSON.parse((await call('runs', '--format', 'json')).stdout).runs as { run: string }[],
  };
}

/** The Markdown tables by title. A table has its rows by their first cell, and a row is the list of its other cells. */
function readTables(markdown: string): Record<string, Record<string, string[]>> {
  const sections = markdown.split(/^## /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const rows = section.matchAll(/^\| ([^|]*) \| (.*) \|$/gm);
      const cells = [...rows].map(([, name = '', rest = '']) => [name, rest.split(' | ')] as const);
      return [section.split('\n')[0]?.replaceAll('\\', ''), Object.fromEntries(cells.filter(([name]) => name.trim()))];
    }),
  );
}

describe('runs compare', () => {
  test('shows a matrix of 2 × 2 in four columns, with the same figures in text, Markdown and JSON', async () => {
    const { run, compare, compareJson } = setup();
    await run('two.toml', '--matrix', 'model=gemini-a,gemini-b', '--matrix', 'temperature=0,1');
    const json = await compareJson();
    expect(json.runs.map(({ label, matrixLabel }) => `${label} ${matrixLabel}`)).toEqual([
      'A model=gemini-a temperature=0',
      'B model=gemini-a temperature=1',
      'C model=gemini-b temperature=0',
      'D model=gemini-b temperature=1',
    ]);
    const cells = (acts: readonly ComparedAct[]) => ({
      model: acts.map(({ model }) => model),
      parameters: acts.map(({ parameters }) => `temperature ${parameters?.temperature}`),
      'tokens in': acts.map(({ usage }) => `${usage?.promptTokens}`),
      'tokens out': acts.map(({ usage }) => `${usage?.outputTokens}`),
      time: acts.map(({ durationMs = 0 }) => formatDuration(durationMs)),
      // A call waits a few milliseconds if earlier ones hold the quota. Whether they do depends on the load of the machine,
      // so this row is optional.
      ...(acts.some(({ waitMs }) => waitMs) && {
        waited: acts.map(({ waitMs }) => (waitMs ? formatDuration(waitMs) : '')),
      }),
      words: acts.map(({ words }) => `${words}`),
      'changed words': acts.map(({ difference }) => (difference ? `+${difference.added} -${difference.removed}` : '')),
    });
    const tables = readTables((await compare('--format', 'markdown')).stdout);
    expect(Object.keys(tables)).toEqual(['all acts', 'act_1', 'act_2']);
    for (const { act, runs } of json.acts) expect(tables[act]).toEqual({ '---': Array(4).fill('---'), ...cells(runs) });
    expect(json.acts[0]?.runs.map(({ difference }) => difference?.added)).toEqual([undefined, 1, 1, 2]);
    const { stdout } = await compare();
    for (const row of Object.values(tables).flatMap((table) => Object.values(table))) {
      if (row[0] !== '---') expect(stdout.replaceAll(/ +/g, ' ')).toContain(row.filter(Boolean).join(' '));
    }
    expect(stdout).toContain('\nact_1: D compared with A\nA reply of gemini-[-a-]{+b+} at [-0-]{+1+} temperature.\n');
  });

  test('by default compares the last two runs of the narrative that ran last, the older one first, and matches acts by name', async () => {
    const { run, compare, compareJson, list } = setup();
    expect(await compare()).toMatchObject({ code: 66, stderr: expect.stringContaining('no runs to compare') });
    await run('odd.toml');
    await run('two.toml');
    expect(await compare()).toMatchObject({
      code: 66,
      stderr: expect.stringMatching(/no other run .*\n {2}Run test again/),
    });
    await run('one.toml');
    const [newest, older] = await list();
    const json = await compareJson();
    expect(json.runs.map(({ run: id }) => id)).toEqual([older?.run, newest?.run]);
    expect(json.acts.map(({ act, runs }) => [act, ...runs.map(({ status }) => status)])).toEqual([
      ['act_1', 'completed', 'completed'],
      ['act_2', 'completed', 'absent'],
    ]);
    expect(json.acts[0]?.runs[1]?.difference).toEqual({ from: 'A', isEqual: true, added: 0, removed: 0, excerpt: '' });
    expect((await compare(`${newest?.run}`, `${older?.run}`)).stdout).toMatch(/changed words +same as A\n/);
    expect(await compare('last')).toMatchObject({ code: 2 });
    expect(await compare('last', 'nope')).toMatchObject({ code: 66 });
  });

  test('shows an act without a reply, and rejects more than 12 runs', async () => {
    const { run, compare, compareJson } = setup();
    await run('one.toml');
    server.queueReplies({ status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } });
    await run('one.toml');
    expect((await compareJson()).acts[0]?.runs[1]).toEqual({ label: 'B', status: 'no reply' });
    const { stdout } = await compare();
    expect(stdout).toMatch(/ {2}model +gemini-flash-lite-latest {2}no reply\n/);
    expect(stdout).not.toMatch(/parameters|changed words/);
    expect((await compare('--format', 'markdown')).stdout).toMatch(/^- A: .* · completed\n- B: .* · failed\n/m);
    await run('one.toml', '--matrix', `temperature=${Array.from({ length: 13 }, (_, index) => index / 10).join(',')}`);
    expect(await compare()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/13 runs .*; the maximum is 12\n.*\/1\./),
    });
  });

  test('escapes names, and survives damaged acts, replies of 10 MB and ten thousand acts', async () => {
    const { cwd, run, compare } = setup();
    await run('odd.toml');
    await run('odd.toml');
    const database = new LibSql(join(cwd, 'state/boticelli.db'));
    // `ended` is the end event of an act, and `told` are the events before it, here damaged JSON.
    const insert = database.prepare("INSERT INTO acts (run, position, act, ended, told) VALUES (?, ?, ?, ?, '{')");
    const ids = database.prepare('SELECT id FROM runs ORDER BY started_at').raw(true).all() as [string][];
    database.exec('BEGIN');
    for (const [index, [id]] of ids.entries()) {
      insert.run(id, 1, 'big', JSON.stringify({ text: `${index} word`.repeat(1_600_000), usage: 7 }));
      for (let index = 2; index < 10_000; index += 1)
        insert.run(id, index, `act ${index}`, index % 2 ? '{' : '{"text":"x"}');
    }
    database.exec('COMMIT');
    database.close();
    const { code, stdout, stderr } = await compare('--format', 'markdown');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\\<b\\>odd\\</b\\> \\| \ufffd');
    expect(stdout).not.toMatch(/\u202e|(?<!\\)<b/);
    expect(readTables(stdout).big).toMatchObject({ words: ['1,600,001', '1,600,001'], 'changed words': ['', 'most'] });
  }, 60_000);
});
