import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { spokenReply } from '../helpers/gemini/live-replies.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { toComparable } from './comparable.js';
import {
  copyDatabase,
  copyDatabaseAsIfJustWritten,
  createScenarioFolder,
  oldOutput,
  oldRecording,
  queryRows,
  type ScenarioFolder,
  withDatabase,
} from './old-state.js';
import { liveModel, startScenarioServer } from './scenario.js';

const cleanups: (() => void | Promise<void>)[] = [];
const onCleanup = (clean: () => void | Promise<void>) => void cleanups.push(clean);
let server: GeminiServer;
let recentFolder: ScenarioFolder;
beforeAll(async () => {
  server = await startScenarioServer();
  onCleanup(() => server.close());
  recentFolder = createRecentFolder(onCleanup);
});
afterAll(async () => {
  for (const clean of cleanups) await clean();
});

/** Creates a working folder with a state that looks as if version 0.1 had just written it. */
function createRecentFolder(onCleanup: (clean: () => void) => void): ScenarioFolder {
  const workingFolder = createScenarioFolder(onCleanup);
  copyDatabaseAsIfJustWritten(workingFolder, server);
  return workingFolder;
}

/** Runs a command and checks that it sends nothing to the service. */
async function runOffline(workingFolder: ScenarioFolder, command: string) {
  const before = [server.requests.length, server.live.sessions.length];
  const result = await workingFolder.run(command, { server });
  expect([server.requests.length, server.live.sessions.length]).toEqual(before);
  return result;
}

/**
 * Returns the numbers, models and ids of each line of a text, sorted: everything except dates and wording. Version 0.1
 * printed numbers without separators.
 */
const extractData = (text: string) =>
  text
    .replaceAll(/(?<=\d),(?=\d{3}\b)/g, '')
    .replaceAll(/\w{3},? \d+ \w{3},? \d\d:\d\d/g, '')
    .split('\n')
    .map((line) => line.match(/\d[\w.:-]*|(?:model|gemini)-[\w-]+/g)?.sort() ?? [])
    .filter(({ length }) => length > 0);

describe('replies that version 0.1 stored', () => {
  test.each([
    ['of three acts, one in JSON', 'run narrative.toml', 'run narrative.toml --record recording.ndjson'],
    ['of two equal acts', 'run rounds.toml', 'run rounds.toml --stream --record recording.ndjson'],
    ['of a Live model', 'run live.toml', 'run live.toml --record recording.ndjson'],
    ['of a fallback', 'run short.toml -m model-day', 'run short.toml -m model-day --fallback model-b'],
    ['of an alias', 'run short.toml -m model-latest', 'run short.toml -m model-latest'],
  ])('are reused by --resume: %s', async (_, command, oldCommand) => {
    for (const flag of ['', ' --stream']) {
      const { code, stdout, stderr } = await runOffline(recentFolder, `${command}${flag} --resume`);
      expect({ code, stdout }).toEqual({ code: 0, stdout: oldOutput.scenarioStdout[oldCommand] });
      expect(stderr).not.toContain('warning');
    }
    const { stdout } = await runOffline(recentFolder, `${command} --resume -o json`);
    const { acts } = JSON.parse(stdout) as { acts: object[] };
    for (const act of acts) expect(act).toMatchObject({ reused: true, attempts: 0 });
  });

  test('of a fallback are not reused with --no-fallback', async () => {
    // Version 0.1 also stored that the daily quota of `model-day` is used up, so the run sends
    // nothing and exits with code 75.
    const { code, stdout } = await runOffline(recentFolder, 'run short.toml -m model-day --resume --no-fallback');
    expect({ code, stdout }).toEqual({ code: 75, stdout: '' });
  });

  test('of an interrupted run are reused, and the other acts are sent', async () => {
    const before = server.generateRequests.length;
    const { stdout } = await recentFolder.run('run narrative.toml -m model-b --resume --retries 0', { server });
    expect(stdout).toMatch(/^Dear nobody,\n/);
    expect(server.generateRequests[before]?.body.contents).toHaveLength(3);
  });

  test('are sent in the next request as version 0.1 sent them, except for thoughts, which are left out', async () => {
    const before = server.generateRequests.length;
    expect((await recentFolder.run('run narrative.toml --resume --from title', { server })).code).toBe(0);
    const bodies = server.generateRequests.slice(before).map(({ body }) => body);
    expect(JSON.stringify(bodies)).not.toContain('"thought"');
    expect(toComparable(bodies)).toEqual(toComparable([oldOutput.titleRequest]));
  });

  test('are deleted by `runs clear`, with the runs', async () => {
    const workingFolder = createRecentFolder(onTestFinished);
    const replies = withDatabase(
      workingFolder.database,
      (database) => queryRows(database, 'SELECT key FROM answers').length,
    );
    const { stdout } = await workingFolder.run('runs clear --yes');
    expect(stdout.match(/\d+/g)).toEqual(['10', String(replies)]);
    expect(JSON.parse((await workingFolder.run('runs --format json')).stdout)).toEqual({ runs: [], total: 0 });
  });
});

describe('runs in the history that version 0.1 wrote', () => {
  let workingFolder: ScenarioFolder;
  beforeAll(() => {
    workingFolder = createScenarioFolder(onCleanup);
    copyDatabase(workingFolder);
  });
  const exported = Object.entries(oldOutput.historyStdout)
    .filter(([command]) => /^runs export \S+$/.test(command))
    .map(([command, stdout]) => [command.replace('runs export ', ''), JSON.parse(stdout)] as const);

  test('are listed: completed, failed, interrupted and unfinished', async () => {
    const { code, stdout, stderr } = await workingFolder.run('runs --format json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(stdout) as { runs: { run: string; status: string }[] };
    expect(document).toMatchObject(JSON.parse(oldOutput.historyStdout['runs --format json'] ?? ''));
    const statuses = new Set(document.runs.map(({ status }) => status));
    expect([...statuses].sort()).toEqual(['completed', 'failed', 'interrupted', 'unfinished']);
    const list = (await workingFolder.run('runs')).stdout;
    for (const { run } of document.runs) expect(list).toContain(run);
  });

  test('are exported as JSON', async () => {
    expect(exported).toHaveLength(10);
    for (const [id, run] of exported)
      expect(JSON.parse((await workingFolder.run(`runs export ${id}`)).stdout), id).toMatchObject(run);
  });

  test.each([
    ['shown', 'show', ''],
    ['exported as Markdown', 'export', ' --format markdown'],
  ])('are %s', async (_, command, flags) => {
    for (const [id, { narrative, acts, error }] of exported) {
      const { stdout } = await workingFolder.run(`runs ${command} ${id}${flags}`);
      const old = oldOutput.historyStdout[`runs ${command} ${id}${flags}`] ?? '';
      expect(extractData(stdout), id).toEqual(extractData(old));
      const texts = acts.flatMap(({ act, text }: { act: string; text: string }) => [act, text.trim()]);
      for (const text of [narrative, ...texts, error?.message ?? '']) expect(stdout, id).toContain(text);
    }
  });
});

test('the list of models that version 0.1 stored is used without a request', async () => {
  const { code, stdout, stderr } = await runOffline(recentFolder, 'models');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const old = oldOutput.scenarioStdout.models?.replace('127.0.0.1:20921', `127.0.0.1:${server.port}`) ?? '';
  // Version 0.1 showed neither prices nor levels of thinking. This version prints both after the limits of a model, and
  // explains the prices in a line of its own.
  const withoutAdditions = stdout.replace(/(; | {2})(\$|thinking ).*$/gm, '').replace(/^prices are .*\n\n?/m, '');
  expect(extractData(withoutAdditions)).toEqual(extractData(old));
});

test('a Live model gets its prompt as realtime input at once if version 0.1 stored that the model needs this', async () => {
  const workingFolder = createRecentFolder(onTestFinished);
  const before = server.live.sessions.length;
  server.live.promptsOnlyAsRealtimeInput.add(liveModel);
  server.live.queueReplies(spokenReply(['Hi.']), spokenReply(['Bye.']));
  const { code, stdout } = await workingFolder.run('run live.toml', { server });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hi.\n\nBye.\n' });
  expect(server.live.sessions.slice(before).map(({ closedByServer }) => closedByServer)).toEqual([false]);
});

describe('a recording of version 0.1', () => {
  test.each(['narrative.toml', 'rounds.toml', 'live.toml'])('is replayed without a request: %s', async (file) => {
    const workingFolder = createScenarioFolder(onTestFinished);
    const [, recorded] = Object.entries(oldOutput.scenarioStdout).find(([command]) => command.includes(file)) ?? [];
    for (const flag of ['', ' --stream']) {
      const { code, stdout } = await runOffline(workingFolder, `run ${file}${flag} --replay recording.ndjson`);
      expect({ code, stdout }).toEqual({ code: 0, stdout: recorded });
    }
  });

  test('is extended by --record, and its lines stay unchanged', async () => {
    const { run, cwd } = createScenarioFolder(onTestFinished);
    expect((await run('run short.toml --record recording.ndjson', { server })).code).toBe(0);
    const lines = readFileSync(join(cwd, 'recording.ndjson'), 'utf8').split('\n');
    expect(lines).toEqual(expect.arrayContaining(oldRecording.split('\n')));
    expect(lines).toHaveLength(oldRecording.split('\n').length + 1);
  });

  test('cannot be replayed if it lacks a request; the error shows how the request differs from the most similar recorded one', async () => {
    const { run } = createScenarioFolder(onTestFinished);
    const { code, stderr } = await run('run narrative.toml --var lang=French --replay recording.ndjson');
    expect(code).toBe(66);
    expect(stderr).toMatch(/English.*French/s);
  });
});
