import { expect, test } from 'vitest';
import { BoticelliError, Interrupted, StreamingNotSupported } from '../../src/errors.js';
import type { NarrativeEvent } from '../../src/executor/narrative-events.js';
import { NarrativeExecutor, type NarrativeExecutorOptions } from '../../src/executor/narrative-executor.js';
import type { Act, Narrative } from '../../src/narrative/narrative.js';
import { createManualClock } from '../helpers/manual-clock.js';
import { createScriptedDriver, type ScriptedCall, type ScriptedDriver } from '../helpers/scripted-driver.js';

function act(name: string, more: Partial<Act> = {}): Act {
  return { name, model: 'm', parameters: {}, inputs: [{ type: 'text', content: `Ask ${name}` }], ...more };
}

function createNarrative(...acts: Act[]): Narrative {
  return { name: 'test', description: 'A test', acts };
}

const threeActs = createNarrative(act('one'), act('two'), act('three'));

function createExecutor(scripts: ScriptedCall[] = [], more: Partial<NarrativeExecutorOptions> = {}) {
  const driver = createScriptedDriver(scripts);
  const events: NarrativeEvent[] = [];
  const clock = createManualClock();
  const onEvent = (event: NarrativeEvent) => void events.push(event);
  return { driver, events, clock, executor: new NarrativeExecutor({ driver, clock, onEvent, ...more }) };
}

test('each act is one call that sees every turn before it', async () => {
  const { driver, executor } = createExecutor();
  const report = await executor.execute(threeActs);
  expect(driver.requests.map(({ turns }) => turns.map(({ role }) => role))).toEqual([
    ['user'],
    ['user', 'model', 'user'],
    ['user', 'model', 'user', 'model', 'user'],
  ]);
  expect(driver.requests[2]?.turns[1]).toEqual({ role: 'model', text: 'Reply 1', model: 'm' });
  expect(report).toMatchObject({ narrative: 'test', description: 'A test', status: 'completed' });
  expect(report.acts.map(({ text }) => text)).toEqual(['Reply 1', 'Reply 2', 'Reply 3']);
});

test("an act's own model, system text and parameters go with its call alone", async () => {
  const { driver, executor } = createExecutor([], { defaultModel: 'fallback-default' });
  const { model: _, ...nameless } = act('two');
  await executor.execute(
    createNarrative(act('one', { model: 'a', system: 'Be brief.', parameters: { temperature: 0.1 } }), nameless),
  );
  expect(driver.requests[0]).toMatchObject({ model: 'a', system: 'Be brief.', parameters: { temperature: 0.1 } });
  expect(driver.requests[1]).toMatchObject({ model: 'fallback-default', parameters: {} });
  expect(driver.requests[1]).not.toHaveProperty('system');
});

test('the events of a run come in order and say what happened', async () => {
  const { events, executor } = createExecutor([{ pieces: ['Hel', 'lo'] }]);
  await executor.executeWithProgress(createNarrative(act('one')), () => {});
  expect(events.map(({ type }) => type)).toEqual([
    'narrative-start',
    'act-start',
    'act-delta',
    'act-delta',
    'act-end',
    'narrative-end',
  ]);
  expect(events[4]).toEqual({
    type: 'act-end',
    act: 'one',
    index: 0,
    model: 'm-001',
    requestedModel: 'm',
    text: 'Hello',
    finishReason: 'STOP',
    usage: { promptTokens: 10, outputTokens: 2, thoughtTokens: 0, totalTokens: 12 },
    attempts: 1,
    waitMs: 0,
    durationMs: 0,
    firstTokenMs: 0,
    reused: false,
  });
});

test('progress hears each chunk as it comes, and the report is the same as without', async () => {
  const events: string[] = [];
  const streamed = await createExecutor().executor.executeWithProgress(threeActs, (name, { text, finished }) => {
    events.push(`${name}:${text}${finished ? '.' : ''}`);
  });
  const blocking = await createExecutor().executor.execute(threeActs);
  expect(events.slice(0, 3)).toEqual(['one:Reply ', 'one:1', 'one:.']);
  expect(streamed.acts.map(({ firstTokenMs: _, ...rest }) => rest)).toEqual(blocking.acts);
});

test('a driver that cannot stream is asked without, also where it finds that out only when called', async () => {
  const cannot = createScriptedDriver([], { supportsStreaming: false });
  await new NarrativeExecutor({ driver: cannot }).executeWithProgress(createNarrative(act('one')), () => {});
  expect(cannot.methods).toEqual(['generate']);

  const { driver, executor } = createExecutor([{ error: new StreamingNotSupported('m') }]);
  const report = await executor.executeWithProgress(createNarrative(act('one')), () => {});
  expect(driver.methods).toEqual(['generateStream', 'generate']);
  expect(report.status).toBe('completed');
});

test('what layers tell becomes the events of the act, and is counted', async () => {
  const retry = { attempt: 1, delayMs: 500, error: { code: 'unavailable', message: 'busy' }, discard: false } as const;
  const wait = { model: 'm', reason: 'backoff', waitMs: 500, until: '2026-11-22T12:00:00.500Z' } as const;
  const { events, executor } = createExecutor([
    {
      pieces: ['x'],
      onCall: (_, { emit }) => {
        emit?.({ type: 'retry', ...retry });
        emit?.({ type: 'wait', ...wait });
      },
    },
  ]);
  const report = await executor.execute(createNarrative(act('one')));
  expect(events.slice(2, 4)).toEqual([
    { ...retry, type: 'act-retry', act: 'one' },
    { ...wait, type: 'act-wait', act: 'one' },
  ]);
  expect(report.acts[0]).toMatchObject({ attempts: 2, waitMs: 500 });
});

test('a failure ends the run, keeps the replies so far, and stands in the last event', async () => {
  const error = new BoticelliError('blocked', 'the reply was blocked: SAFETY', { hint: 'Rephrase it.' });
  const { driver, events, executor } = createExecutor([{ pieces: ['a'] }, { error }]);
  const report = await executor.execute(threeActs);
  expect(driver.requests).toHaveLength(2);
  expect(report).toMatchObject({ status: 'failed', failure: error });
  expect(report.acts.map(({ act: name }) => name)).toEqual(['one']);
  expect(report.error).toEqual({ code: 'blocked', message: error.message, hint: 'Rephrase it.', act: 'two' });
  expect(events.at(-1)).toMatchObject({ type: 'narrative-end', status: 'failed', error: report.error });
});

test('an abort ends the run as interrupted, and no further act is asked', async () => {
  const controller = new AbortController();
  const { driver, executor } = createExecutor(
    [{ pieces: ['a'], onCall: () => controller.abort(new Interrupted('SIGINT')) }],
    {
      signal: controller.signal,
    },
  );
  const report = await executor.execute(threeActs);
  expect(driver.requests).toHaveLength(1);
  expect(report).toMatchObject({ status: 'interrupted', error: { code: 'interrupted', act: 'two' } });
});

test("a caller's own reason to abort interrupts the run and is no bug", async () => {
  const { executor } = createExecutor([], { signal: AbortSignal.abort() });
  expect(await executor.execute(threeActs)).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } });
});

test('the next act waits for what a listener returned at the end of the one before', async () => {
  const order: string[] = [];
  const driver = createScriptedDriver([
    { onCall: () => void order.push('ask one') },
    { onCall: () => void order.push('ask two') },
  ]);
  const onEvent = async (event: NarrativeEvent) => {
    if (event.type !== 'act-end') return;
    await Promise.resolve();
    order.push(`told of ${event.act}`);
  };
  await new NarrativeExecutor({ driver, onEvent }).execute(createNarrative(act('one'), act('two')));
  expect(order).toEqual(['ask one', 'told of one', 'ask two', 'told of two']);
});

test('a reply cut short is a reply, but a failure under strict', async () => {
  const cut = [{ pieces: ['half'], finishReason: 'MAX_TOKENS' }];
  expect((await createExecutor(cut).executor.execute(createNarrative(act('one')))).status).toBe('completed');
  const report = await createExecutor(cut, { strict: true }).executor.execute(
    createNarrative(act('one', { parameters: { maxTokens: 1 } })),
  );
  expect(report.error).toMatchObject({ code: 'truncated', hint: expect.stringContaining('now 1') });
  expect(report.usage).toMatchObject({ promptTokens: 10, totalTokens: 11 });
});

test('what an act spent in vain is part of its end, or of the totals alone where it has none', async () => {
  const usage = { promptTokens: 5, outputTokens: 1, thoughtTokens: 0, totalTokens: 6 };
  const before: ScriptedCall['onCall'] = (_, { emit }) => emit?.({ type: 'spent', model: 'm', usage, costUsd: 1 });
  const { events, executor } = createExecutor([
    { onCall: before, pieces: ['x'] },
    { onCall: before, error: new Error('broken') },
  ]);
  const report = await executor.execute(threeActs);
  expect(report.acts.map((end) => end.usage.totalTokens)).toEqual([17]);
  expect(report).toMatchObject({ status: 'failed', usage: { promptTokens: 20, outputTokens: 3, totalTokens: 23 } });
  expect(report).not.toHaveProperty('costUsd');
  expect(events.at(-1)).toMatchObject({ type: 'narrative-end', usage: report.usage });
});

test('a listener that throws ends the run with what it threw', async () => {
  const full = new BoticelliError('output_failed', 'the disk is full');
  const driver = createScriptedDriver();
  const onEvent = (event: NarrativeEvent) => {
    if (event.type === 'act-end') throw full;
  };
  const report = await new NarrativeExecutor({ driver, onEvent }).execute(threeActs);
  expect(report).toMatchObject({ status: 'failed', failure: full });
  expect(report.acts).toHaveLength(1);
  expect(driver.requests).toHaveLength(1);
});

test('anything that is no BoticelliError is a bug, kept with its stack', async () => {
  const bug = new TypeError('x is undefined');
  const report = await createExecutor([{ error: bug }]).executor.execute(threeActs);
  expect(report.failure).toMatchObject({ code: 'internal', cause: bug });
});

test('a driver whose stream ends without its last chunk is a bug, not a reply', async () => {
  const driver: ScriptedDriver = {
    ...createScriptedDriver(),
    async *generateStream() {
      yield { text: 'a', finished: false, metadata: {} };
    },
  };
  const report = await new NarrativeExecutor({ driver }).executeWithProgress(threeActs, () => {});
  expect(report.error).toMatchObject({ code: 'internal' });
});

test('speech is handed over before the act is told to have ended, and the event has its length', async () => {
  const audio = { pcm: new Uint8Array(48_000), sampleRate: 24_000 };
  const keptAudio: unknown[] = [];
  const { driver, events, executor } = createExecutor([], {
    saveAudio(act, heard) {
      keptAudio.push(act, heard, events.at(-1)?.type);
      return '01-one.wav';
    },
  });
  const { generate } = driver;
  driver.generate = async (request, context) => ({ ...(await generate(request, context)), audio });
  const { acts } = await executor.execute(createNarrative(act('one')));
  expect(keptAudio).toEqual([{ act: 'one', index: 0 }, audio, 'act-start']);
  expect(acts[0]?.audio).toEqual({ durationMs: 1000, file: '01-one.wav' });
});
