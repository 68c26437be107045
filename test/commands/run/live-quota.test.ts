import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { boticelli, type Ended, narrativeOf, shell, start, temporaryFolder } from '../../helpers/boticelli.js';
import { createGate } from '../../helpers/gemini-gate.js';
import { listedModel, modelsOfThreePages } from '../../helpers/gemini-models.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini-server.js';
import { spoken } from '../../helpers/live-replies.js';
import { enforceQuota } from '../../helpers/quota-enforcer.js';
import { eventsIn } from '../quota-stage.js';

const live = 'gemini-3.8-live';
const standard = 'gemini-3.8-flash';
const usedUp = { code: 1011, reason: 'You exceeded your current quota of requests per day.' };

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: modelsOfThreePages });
});
afterEach(async () => {
  await expect.poll(() => server.live.open).toBe(0);
  await server.close();
});

/** A folder with narratives and a state of its own; what runs there shares its quota. */
function place(files: Record<string, string> = {}) {
  const cwd = temporaryFolder(onTestFinished, { 'four.toml': narrativeOf(4), 'one.toml': narrativeOf(1), ...files });
  const surroundings = { server, cwd, env: { BOTICELLI_STATE_DIR: `${cwd}/state` } };
  const withFlags = (args: string[]) => ['run', ...args, '-o', 'ndjson'];
  return {
    surroundings,
    run: (...args: string[]) => boticelli(withFlags(args), surroundings),
    start: (...args: string[]) => start(withFlags(args), surroundings),
  };
}

/** A narrative whose acts have a model each; `fallback` is that of all. */
function narrativeOn(models: string[], head = ''): string {
  const acts = models.map(
    (model, index) =>
      `[acts.act_${index}]\nmodel = "${model}"\n[[acts.act_${index}.input]]\ntype = "text"\ncontent = "Question ${index + 1}"`,
  );
  const order = JSON.stringify(models.map((_, index) => `act_${index}`));
  return ['[narrative]', 'name = "mixed"', head, '[toc]', `order = ${order}`, ...acts].join('\n');
}

const waitsIn = ({ stdout }: Ended) => eventsIn(stdout, 'act-wait');
const serversOf = ({ stdout }: Ended) => eventsIn(stdout, 'act-end').map(({ model }) => model);

describe('where a Live model has one place', () => {
  const one = ['--max-concurrent', '1', '--rpm', '1000'];

  test('a process waits for the session of another, and says so', async () => {
    const { start } = place();
    const gate = createGate();
    server.live.reply(spoken(['in', ' peace'], { gate }));
    const first = start('four.toml', '-m', live, ...one);
    await server.live.received(1);
    const second = start('one.toml', '-m', live, ...one);
    await second.said('"reason":"concurrency"');
    expect(server.live.sessions).toHaveLength(1);
    gate.open();
    const ended = await Promise.all([first.ended, second.ended]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(server.live.mostOpen).toBe(1);
    // The whole narrative has one session, and its place until it is over.
    expect(server.live.sessions.map(({ asked }) => asked.length)).toEqual([4, 1]);
    expect(waitsIn(ended[1])).toMatchObject([{ act: 'act_1', model: live, reason: 'concurrency' }]);
    expect(waitsIn(ended[0])).toEqual([]);
  });

  test('a wait for it that is longer than --max-wait is rate_limited, or goes to the fallback', async () => {
    const { start, run } = place();
    const gate = createGate();
    server.live.reply(spoken(['in', ' peace'], { gate }));
    const first = start('one.toml', '-m', live, ...one);
    await server.live.received(1);
    const impatient = ['one.toml', '-m', live, ...one, '--max-wait', '150ms'];
    const [stopped, fellBack] = await Promise.all([run(...impatient), run(...impatient, '--fallback', standard)]);
    expect(stopped.code).toBe(75);
    expect(eventsIn(stopped.stdout, 'narrative-end')).toMatchObject([
      { error: { code: 'rate_limited', message: `no place at ${live} came free within --max-wait` } },
    ]);
    expect(fellBack.code).toBe(0);
    expect(serversOf(fellBack)).toEqual([standard]);
    expect(server.live.sessions).toHaveLength(1);
    gate.open();
    expect((await first.ended).code).toBe(0);
  });

  test('acts on it, elsewhere and on it again never wait for each other', async () => {
    const { run } = place({ 'mixed.toml': narrativeOn([live, live, standard, 'gemini-both-ways', live]) });
    const ended = await run('mixed.toml', ...one);
    expect(ended.code).toBe(0);
    expect(serversOf(ended)).toEqual([live, live, standard, 'gemini-both-ways', live]);
    expect(waitsIn(ended)).toEqual([]);
    expect(server.live.sessions.map(({ asked }) => asked.length)).toEqual([2, 1]);
  });

  test('neither do a fallback from Live and one to Live', async () => {
    const { run } = place({
      'mixed.toml': narrativeOn([live, standard, live], `fallback = ["${standard}", "gemini-4-live"]`),
    });
    server.live.meet({ at: 'setup', comes: usedUp });
    enforceQuota(server, { kind: 'sliding', windowMs: 60_000, rpd: 1 });
    const ended = await run('mixed.toml', ...one);
    expect(ended.code).toBe(0);
    // The day of the Live model is over, then that of the standard one.
    expect(serversOf(ended)).toEqual([standard, 'gemini-4-live', 'gemini-4-live']);
    expect(waitsIn(ended)).toEqual([]);
  });

  test('a model that only its refusals tell to be Live does not wait for itself', async () => {
    const { run } = place();
    const first = await run('four.toml', '-m', 'gemini-talk', ...one);
    expect(first.code).toBe(0);
    expect(eventsIn(first.stdout, 'act-retry')).toMatchObject([
      { act: 'act_1', attempt: 1, delayMs: 0, error: { message: 'gemini-talk speaks the Live API alone' } },
    ]);
    expect(waitsIn(first)).toEqual([]);
    // TEXT was refused: the second session was asked for speech, and served all acts.
    expect(server.live.sessions.map(({ asked }) => asked.length)).toEqual([0, 4]);
    expect(server.calls).toHaveLength(1);

    const second = await run('one.toml', '-m', 'gemini-talk', ...one);
    expect(eventsIn(second.stdout, 'act-retry')).toEqual([]);
    expect(server.calls, 'the list of models is known').toHaveLength(1);
    expect(server.live.sessions, 'and so is that it speaks').toHaveLength(3);
  });
});

test('a model that is Live by its name alone, and not by the list, is asked over REST after all', async () => {
  const own = await startGeminiServer({ models: [listedModel('gemini-6-live')] });
  onTestFinished(() => own.close());
  const { surroundings } = place();
  const args = ['run', 'one.toml', '-m', 'gemini-6-live', '-o', 'ndjson'];
  const ended = await boticelli(args, { ...surroundings, server: own });
  expect(ended.code).toBe(0);
  expect(eventsIn(ended.stdout, 'act-retry')).toMatchObject([
    { delayMs: 0, error: { message: 'gemini-6-live does not speak the Live API' } },
  ]);
  expect(own.calls).toHaveLength(1);
});

test('how a Live model wants to be talked to is remembered for the next process, at that service', async () => {
  const { run, surroundings } = place();
  const modalities = () => server.live.sessions.map(({ setup }) => setup.generationConfig.responseModalities[0]);
  for (const _ of [1, 2]) expect((await run('one.toml', '-m', 'gemini-4-live')).code).toBe(0);
  expect(modalities()).toEqual(['TEXT', 'AUDIO', 'AUDIO']);
  const elsewhere = await startGeminiServer({ models: [listedModel('gemini-4-live', ['bidiGenerateContent'])] });
  onTestFinished(() => elsewhere.close());
  await boticelli(['run', 'one.toml', '-m', 'gemini-4-live'], { ...surroundings, server: elsewhere });
  expect(elsewhere.live.sessions).toHaveLength(2);
});

test('a loop of runs gets a day of replies on a standard model, and all of them on a Live one', async () => {
  const { surroundings } = place();
  const log = enforceQuota(server, { kind: 'sliding', windowMs: 60_000 }, { [standard]: { rpd: 4 } });
  const loop = (model: string) =>
    shell(
      `for i in $(seq 6); do boticelli run '${process.cwd()}/narratives/quick_test.toml' -q --model ${model} --rpm 1000 --no-fallback; echo "code $?"; done`,
      surroundings,
    ).ended;
  const [onStandard, onLive] = await Promise.all([loop(standard), loop(live)]);
  const codes = ({ stdout }: Ended) => stdout.match(/(?<=^code )\d+$/gm);
  expect(codes(onStandard)).toEqual(['0', '0', '0', '0', '75', '75']);
  expect(onStandard.stderr.match(/the day's quota of gemini-3\.8-flash is used up/g)).toHaveLength(2);
  // What the service refused once is known: the sixth run asked nothing.
  expect(log.refused()).toHaveLength(1);
  expect(codes(onLive)).toEqual(Array.from({ length: 6 }, () => '0'));
  expect(onLive.stdout.match(/^Reply 1 of gemini-3\.8-live/gm)).toHaveLength(6);
});
