import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  createTemporaryFolder,
  type ProcessResult,
  startBoticelli,
  startShell,
} from '../../helpers/boticelli.js';
import { spokenReply } from '../../helpers/gemini/live-replies.js';
import { listedModel, modelsOfThreePages } from '../../helpers/gemini/models.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { enforceQuota } from '../../helpers/quota-enforcer.js';
import { parseEvents } from '../quota-fixture.js';

const liveModel = 'gemini-3.8-live';
const restModel = 'gemini-3.8-flash';
/** Supports REST and Live. Without `--live`, it is requested over REST. */
const modelWithBothApis = 'gemini-both-apis';
const dailyQuotaUsedUp = { code: 1011, reason: 'You exceeded your current quota of requests per day.' };

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: modelsOfThreePages });
});
afterEach(async () => {
  await expect.poll(() => server.live.openCount).toBe(0);
  await server.close();
});

/** A folder with narratives and its own state folder; all runs in it share a quota. */
function createWorkspace(files: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, {
    'four.toml': buildNarrative(4),
    'one.toml': buildNarrative(1),
    ...files,
  });
  const options = { server, cwd, env: { BOTICELLI_STATE_DIR: `${cwd}/state` } };
  const withFlags = (args: string[]) => ['run', ...args, '-o', 'ndjson'];
  return {
    options,
    run: (...args: string[]) => runInProcess(withFlags(args), options),
    start: (...args: string[]) => startBoticelli(withFlags(args), options),
  };
}

/** A narrative with one act for each model. `head` is a further line of [narrative]. */
function renderNarrative(models: string[], head = ''): string {
  const acts = models.map(
    (model, index) =>
      `[acts.act_${index}]\nmodel = "${model}"\n[[acts.act_${index}.input]]\ntype = "text"\ncontent = "Question ${index + 1}"`,
  );
  const order = JSON.stringify(models.map((_, index) => `act_${index}`));
  return ['[narrative]', 'name = "mixed"', head, '[toc]', `order = ${order}`, ...acts].join('\n');
}

const listWaits = ({ stdout }: ProcessResult) => parseEvents(stdout, 'act-wait');
const listServingModels = ({ stdout }: ProcessResult) => parseEvents(stdout, 'act-end').map(({ model }) => model);

describe('a Live model with one concurrency slot', () => {
  const oneSlot = ['--max-concurrent', '1', '--rpm', '1000'];

  test('makes a process wait for the session of another process, and reports the wait', async () => {
    const { start } = createWorkspace();
    const gate = createGate();
    server.live.queueReplies(spokenReply(['in', ' peace'], { gate }));
    const first = start('four.toml', '-m', liveModel, ...oneSlot);
    await server.live.waitForTurns(1);
    const second = start('one.toml', '-m', liveModel, ...oneSlot);
    await second.waitForOutput('"reason":"concurrency"');
    expect(server.live.sessions).toHaveLength(1);
    gate.releaseAll();
    const ended = await Promise.all([first.result, second.result]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(server.live.peakOpenCount).toBe(1);
    // The whole narrative has one session, which holds its slot until the end.
    expect(server.live.sessions.map(({ prompts }) => prompts.length)).toEqual([4, 1]);
    expect(listWaits(ended[1])).toMatchObject([{ act: 'act_1', model: liveModel, reason: 'concurrency' }]);
    expect(listWaits(ended[0])).toEqual([]);
  });

  test('serves parallel acts one after another, without waiting for sessions that are idle', async () => {
    const acts = ['a', 'b', 'c'].map(
      (name) => `[acts.${name}]\ncontext = "none"\n[[acts.${name}.input]]\ntype = "text"\ncontent = "${name}"\n`,
    );
    const source = `[narrative]\nname = "p"\n[toc]\norder = ["a", "b", "c"]\n${acts.join('')}`;
    const { run } = createWorkspace({ 'parallel.toml': source });
    const startedAt = performance.now();
    const ended = await run('parallel.toml', '-m', liveModel, ...oneSlot, '--jobs', '3');
    expect(ended.code).toBe(0);
    // An idle session would keep the slot for ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(8000);
    expect(server.live.peakOpenCount).toBe(1);
    expect(server.live.sessions.map(({ prompts }) => prompts.length)).toEqual([1, 1, 1]);
    const replies = parseEvents(ended.stdout, 'act-end').map(({ act, text }) => `${act}: ${text}`);
    expect(replies.sort()).toEqual(['a', 'b', 'c'].map((act) => expect.stringMatching(`^${act}: .*"${act}"`)));
  });

  test('fails with rate_limited after --max-wait, or uses the fallback', async () => {
    const { start } = createWorkspace();
    const gate = createGate();
    server.live.queueReplies(spokenReply(['in', ' peace'], { gate }));
    const first = start('one.toml', '-m', liveModel, ...oneSlot);
    await server.live.waitForTurns(1);
    const args = ['one.toml', '-m', liveModel, ...oneSlot, '--max-wait', '150ms'];
    const both = [start(...args), start(...args, '--fallback', restModel)] as const;
    const [stopped, fellBack] = await Promise.all([both[0].result, both[1].result]);
    expect(stopped.code).toBe(75);
    expect(parseEvents(stopped.stdout, 'narrative-end')).toMatchObject([
      {
        error: {
          code: 'rate_limited',
          message: `no slot for a concurrent request to ${liveModel} became free within --max-wait`,
        },
      },
    ]);
    expect(fellBack.code).toBe(0);
    expect(listServingModels(fellBack)).toEqual([restModel]);
    expect(server.live.sessions).toHaveLength(1);
    gate.releaseAll();
    expect((await first.result).code).toBe(0);
  });

  test('never makes the acts of one run wait for each other, even with other models in between', async () => {
    const { run } = createWorkspace({
      'mixed.toml': renderNarrative([liveModel, liveModel, restModel, modelWithBothApis, liveModel]),
    });
    const ended = await run('mixed.toml', ...oneSlot);
    expect(ended.code).toBe(0);
    expect(listServingModels(ended)).toEqual([liveModel, liveModel, restModel, modelWithBothApis, liveModel]);
    expect(listWaits(ended)).toEqual([]);
    expect(server.live.sessions.map(({ prompts }) => prompts.length)).toEqual([2, 1]);
  });

  test('does not make acts wait for each other if they fall back from a Live model or to one', async () => {
    const { run } = createWorkspace({
      'mixed.toml': renderNarrative([liveModel, restModel, liveModel], `fallback = ["${restModel}", "gemini-4-live"]`),
    });
    server.live.queueConnections({ at: 'setup', action: dailyQuotaUsedUp });
    enforceQuota(server, { window: 'sliding', windowMs: 60_000, rpd: 1 });
    const ended = await run('mixed.toml', ...oneSlot);
    expect(ended.code).toBe(0);
    // The daily quota of the Live model is used up first, then that of the REST model.
    expect(listServingModels(ended)).toEqual([restModel, 'gemini-4-live', 'gemini-4-live']);
    expect(listWaits(ended)).toEqual([]);
  });

  test('does not make a run wait for its own slot if the run at first takes the model for a REST model; the next run knows that the model is Live', async () => {
    const { run } = createWorkspace();
    const first = await run('four.toml', '-m', 'gemini-talk', ...oneSlot);
    expect(first.code).toBe(0);
    expect(parseEvents(first.stdout, 'act-retry')).toMatchObject([
      { act: 'act_1', attempt: 1, delayMs: 0, error: { message: 'gemini-talk supports only the Live API' } },
    ]);
    expect(listWaits(first)).toEqual([]);
    // The first session requested text and was rejected. The second one requested speech and served all acts.
    expect(server.live.sessions.map(({ prompts }) => prompts.length)).toEqual([0, 4]);
    expect(server.generateRequests).toHaveLength(1);

    const second = await run('one.toml', '-m', 'gemini-talk', ...oneSlot);
    expect(parseEvents(second.stdout, 'act-retry')).toEqual([]);
    expect(server.generateRequests, 'the model is known as Live, so it gets no REST request').toHaveLength(1);
    expect(server.live.sessions, 'its mode is known, so one more session is enough').toHaveLength(3);
  });
});

test('requests a model over REST if its name says that it is Live, but the list of models says that it is not', async () => {
  const otherServer = await startGeminiServer({ models: [listedModel('gemini-6-live')] });
  onTestFinished(() => otherServer.close());
  const { options } = createWorkspace();
  const args = ['run', 'one.toml', '-m', 'gemini-6-live', '-o', 'ndjson'];
  const ended = await runInProcess(args, { ...options, server: otherServer });
  expect(ended.code).toBe(0);
  expect(parseEvents(ended.stdout, 'act-retry')).toMatchObject([
    { delayMs: 0, error: { message: 'gemini-6-live does not support the Live API' } },
  ]);
  expect(otherServer.generateRequests).toHaveLength(1);
});

test('remembers for the next process whether a Live model replies in text or speech, separately for each service', async () => {
  const { start, options } = createWorkspace();
  const modalities = () => server.live.sessions.map(({ setup }) => setup.generationConfig.responseModalities[0]);
  for (const _ of [1, 2]) expect((await start('one.toml', '-m', 'gemini-4-live').result).code).toBe(0);
  expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO']);
  const otherServer = await startGeminiServer({ models: [listedModel('gemini-4-live', ['bidiGenerateContent'])] });
  onTestFinished(() => otherServer.close());
  await runInProcess(['run', 'one.toml', '-m', 'gemini-4-live'], { ...options, server: otherServer });
  expect(otherServer.live.sessions).toHaveLength(2);
});

test('a loop of runs with a REST model fails once the daily quota of that model is used up; a loop with a Live model continues', async () => {
  const { options } = createWorkspace();
  const log = enforceQuota(server, { window: 'sliding', windowMs: 60_000 }, { [restModel]: { rpd: 4 } });
  const loop = (model: string) =>
    startShell(
      `for i in $(seq 6); do boticelli run '${process.cwd()}/narratives/quick_test.toml' -q --model ${model} --rpm 1000 --no-fallback; echo "code $?"; done`,
      options,
    ).result;
  const [onRest, onLive] = await Promise.all([loop(restModel), loop(liveModel)]);
  const codes = ({ stdout }: ProcessResult) => stdout.match(/(?<=^code )\d+$/gm);
  expect(codes(onRest)).toEqual(['0', '0', '0', '0', '75', '75']);
  expect(onRest.stderr.match(/daily quota of gemini-3\.8-flash is used up/g)).toHaveLength(2);
  // The sixth run knows of the rejection and sends no request.
  expect(log.rejected()).toHaveLength(1);
  expect(codes(onLive)).toEqual(Array.from({ length: 6 }, () => '0'));
  expect(onLive.stdout.match(/^Reply 1 of gemini-3\.8-live/gm)).toHaveLength(6);
});
