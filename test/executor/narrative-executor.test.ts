import { expect, test } from 'vitest';
import { UntranscribedSpeech } from '../../src/driver/untranscribed-speech.js';
import { BoticelliError, Interrupted, StreamingNotSupported } from '../../src/errors.js';
import type { ActDetail } from '../../src/executor/acts/act-details.js';
import type { NarrativeEvent } from '../../src/executor/narrative-events.js';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { NarrativeExecutorOptions } from '../../src/executor/options.js';
import type { Act, Narrative } from '../../src/narrative/narrative.js';
import { createManualClock } from '../helpers/manual-clock.js';
import { createScriptedDriver, type ScriptedCall, type ScriptedDriver } from '../helpers/scripted-driver.js';

function act(name: string, overrides: Partial<Act> = {}): Act {
  return { name, model: 'm', parameters: {}, inputs: [{ type: 'text', content: `Ask ${name}` }], ...overrides };
}

function createNarrative(...acts: Act[]): Narrative {
  return { name: 'test', description: 'A test', acts };
}

const threeActs = createNarrative(act('one'), act('two'), act('three'));

function createExecutor(scripts: ScriptedCall[] = [], overrides: Partial<NarrativeExecutorOptions> = {}) {
  const driver = createScriptedDriver(scripts);
  const events: NarrativeEvent[] = [];
  const clock = createManualClock();
  const onEvent = (event: NarrativeEvent) => void events.push(event);
  return { driver, events, clock, executor: new NarrativeExecutor({ driver, clock, onEvent, ...overrides }) };
}

test('makes one call per act, with all earlier turns', async () => {
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

test("sends an act's model, system instruction and parameters only with the call of that act; other acts use the default model", async () => {
  const { driver, executor } = createExecutor([], { defaultModel: 'default-model' });
  const { model: _, ...withoutModel } = act('two');
  await executor.execute(
    createNarrative(act('one', { model: 'a', system: 'Be brief.', parameters: { temperature: 0.1 } }), withoutModel),
  );
  expect(driver.requests[0]).toMatchObject({ model: 'a', system: 'Be brief.', parameters: { temperature: 0.1 } });
  expect(driver.requests[1]).toMatchObject({ model: 'default-model', parameters: {} });
  expect(driver.requests[1]).not.toHaveProperty('system');
});

test('emits the events of a streamed run in order', async () => {
  const { events, executor } = createExecutor([{ pieces: ['Hel', 'lo'] }]);
  await executor.execute(createNarrative(act('one')), { stream: true });
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

test('executeWithProgress passes on each chunk, and resolves to the same report as execute', async () => {
  const chunks: string[] = [];
  const streamed = await createExecutor().executor.executeWithProgress(threeActs, (name, { text, finished }) => {
    chunks.push(`${name}:${text}${finished ? '.' : ''}`);
  });
  const unary = await createExecutor().executor.execute(threeActs);
  expect(chunks.slice(0, 3)).toEqual(['one:Reply ', 'one:1', 'one:.']);
  expect(streamed.acts.map(({ firstTokenMs: _, ...rest }) => rest)).toEqual(unary.acts);
});

test('calls `generate` if the driver cannot stream, or if `generateStream` throws StreamingNotSupported', async () => {
  const unaryDriver = createScriptedDriver([], { supportsStreaming: false });
  await new NarrativeExecutor({ driver: unaryDriver }).execute(createNarrative(act('one')), { stream: true });
  expect(unaryDriver.methods).toEqual(['generate']);

  const { driver, executor } = createExecutor([{ error: new StreamingNotSupported('m') }]);
  const report = await executor.execute(createNarrative(act('one')), { stream: true });
  expect(driver.methods).toEqual(['generateStream', 'generate']);
  expect(report.status).toBe('completed');
});

test('turns driver events into act events; counts attempts; adds up the `waitMs` of `wait` events if the driver never calls `onWaited`', async () => {
  const retry = { attempt: 1, delayMs: 500, error: { code: 'unavailable', message: 'busy' }, discard: false } as const;
  const plannedWait = { model: 'm', reason: 'backoff', waitMs: 500, until: '2026-11-22T12:00:00.500Z' } as const;
  const { events, executor } = createExecutor([
    {
      pieces: ['x'],
      onCall: (_, { emit }) => {
        emit?.({ type: 'retry', ...retry });
        emit?.({ type: 'wait', ...plannedWait });
      },
    },
  ]);
  const report = await executor.execute(createNarrative(act('one')));
  expect(events.slice(2, 4)).toEqual([
    { ...retry, type: 'act-retry', act: 'one' },
    { ...plannedWait, type: 'act-wait', act: 'one' },
  ]);
  expect(report.acts[0]).toMatchObject({ attempts: 2, waitMs: 500 });
});

test('reports the prompt of each act, and how the act spent its time, even if it fails', async () => {
  const details: ActDetail[] = [];
  const clock = createManualClock();
  const startedAt = clock.now();
  const measuredWait = { model: 'm', reason: 'rpm', durationMs: 700 } as const;
  const onCall: ScriptedCall['onCall'] = (_, { onWaited }) =>
    onWaited?.({ ...measuredWait, startedAt: startedAt + 30 });
  const error = new BoticelliError('blocked', 'no');
  const { executor } = createExecutor(
    [
      { pieces: ['x'], onCall },
      { error, onCall },
    ],
    {
      ...{ clock, onDetail: (detail) => void details.push(detail) },
    },
  );
  const media = { type: 'image' as const, mimeType: 'image/png', name: 'a.png' };
  const report = await executor.execute(
    createNarrative(
      act('one', { system: 'Be brief.', parameters: { temperature: 0 } }),
      act('two', { inputs: [{ ...media, content: { from: 'bytes', base64: 'AAAA' } }] }),
    ),
    { stream: true },
  );
  expect(report.acts[0]).toMatchObject({ waitMs: 700 });
  const times = { startedAt, durationMs: 0, waits: [{ reason: 'rpm', startMs: 30, durationMs: 700 }] };
  const part = { type: 'media', name: 'a.png', mimeType: 'image/png', byteLength: 3 };
  expect(details).toEqual([
    {
      ...{ type: 'act-prompt', act: 'one', index: 0 },
      prompt: {
        ...{ model: 'm', parameters: { temperature: 0 }, system: 'Be brief.', earlierTurns: 0 },
        parts: [{ type: 'text', text: 'Ask one' }],
      },
    },
    { type: 'act-timing', act: 'one', index: 0, ...times, firstTokenMs: 0 },
    {
      ...{ type: 'act-prompt', act: 'two', index: 1 },
      prompt: { model: 'm', parameters: {}, earlierTurns: 2, parts: [part] },
    },
    { type: 'act-timing', act: 'two', index: 1, ...times },
  ]);
});

test('ends the run on a failure; the report has the replies so far, and the report and the last event have the error', async () => {
  const error = new BoticelliError('blocked', 'the reply was blocked: SAFETY', { hint: 'Rephrase it.' });
  const { driver, events, executor } = createExecutor([{ pieces: ['a'] }, { error }]);
  const report = await executor.execute(threeActs);
  expect(driver.requests).toHaveLength(2);
  expect(report).toMatchObject({ status: 'failed', failure: error });
  expect(report.acts.map(({ act: name }) => name)).toEqual(['one']);
  expect(report.error).toEqual({ code: 'blocked', message: error.message, hint: 'Rephrase it.', act: 'two' });
  expect(events.at(-1)).toMatchObject({ type: 'narrative-end', status: 'failed', error: report.error });
});

test('ends the run as interrupted on an abort, and starts no further act', async () => {
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

test('treats an abort with any other reason than `Interrupted` as an interruption too, not as a bug', async () => {
  const { executor } = createExecutor([], { signal: AbortSignal.abort() });
  expect(await executor.execute(threeActs)).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } });
});

test('awaits the promise of a listener at act-end before the next act', async () => {
  const order: string[] = [];
  const driver = createScriptedDriver([
    { onCall: () => void order.push('call one') },
    { onCall: () => void order.push('call two') },
  ]);
  const onEvent = async (event: NarrativeEvent) => {
    if (event.type !== 'act-end') return;
    await Promise.resolve();
    order.push(`end of ${event.act}`);
  };
  await new NarrativeExecutor({ driver, onEvent }).execute(createNarrative(act('one'), act('two')));
  expect(order).toEqual(['call one', 'end of one', 'call two', 'end of two']);
});

test('accepts a truncated reply, but not with strict', async () => {
  const truncated = [{ pieces: ['half'], finishReason: 'MAX_TOKENS' }];
  expect((await createExecutor(truncated).executor.execute(createNarrative(act('one')))).status).toBe('completed');
  const report = await createExecutor(truncated, { strict: true }).executor.execute(
    createNarrative(act('one', { parameters: { maxTokens: 1 } })),
  );
  expect(report.error).toMatchObject({ code: 'truncated', hint: expect.stringContaining('now 1') });
  expect(report.usage).toMatchObject({ promptTokens: 10, totalTokens: 11 });
});

test.each(['OTHER', 'LANGUAGE', 'SOMETHING_NEW'])(
  'warns of a reply that stopped with %s, and rejects it with strict',
  async (finishReason) => {
    const script = [{ pieces: ['Some'], finishReason }];
    const message = `the model stopped with ${finishReason}: the reply may be incomplete`;
    const { events, executor } = createExecutor(script);
    const report = await executor.execute(createNarrative(act('one')));
    expect(report.acts).toMatchObject([{ text: 'Some', finishReason }]);
    expect(events.slice(2, 4)).toEqual([
      { type: 'act-note', act: 'one', about: 'reply', message, warning: true },
      expect.objectContaining({ type: 'act-end' }),
    ]);

    const failed = await createExecutor(script, { strict: true }).executor.execute(createNarrative(act('one')));
    expect(failed.error).toMatchObject({ code: 'incomplete_reply', message, act: 'one' });
    expect(failed.usage.totalTokens).toBe(11);
  },
);

test('with strict, accepts a complete and rejects a truncated reply, whatever the letter case of the finish reason', async () => {
  const { events, executor } = createExecutor([{ pieces: ['All'], finishReason: 'stop' }], { strict: true });
  expect((await executor.execute(createNarrative(act('one')))).acts).toMatchObject([{ finishReason: 'stop' }]);
  expect(events.map(({ type }) => type)).not.toContain('act-note');
  const truncated = createExecutor([{ pieces: ['half'], finishReason: 'max_tokens' }], { strict: true });
  expect((await truncated.executor.execute(createNarrative(act('one')))).error?.code).toBe('truncated');
});

test('adds the usage of failed attempts to act-end, or only to the totals if the act fails', async () => {
  const usage = { promptTokens: 5, outputTokens: 1, thoughtTokens: 0, totalTokens: 6 };
  const onCall: ScriptedCall['onCall'] = (_, { emit }) => emit?.({ type: 'spent', model: 'm', usage, costUsd: 1 });
  const { events, executor } = createExecutor([
    { onCall, pieces: ['x'] },
    { onCall, error: new Error('broken') },
  ]);
  const report = await executor.execute(threeActs);
  expect(report.acts.map((end) => end.usage.totalTokens)).toEqual([17]);
  expect(report).toMatchObject({ status: 'failed', usage: { promptTokens: 20, outputTokens: 3, totalTokens: 23 } });
  expect(report).not.toHaveProperty('costUsd');
  expect(events.at(-1)).toMatchObject({ type: 'narrative-end', usage: report.usage });
});

test('ends the run with the error of a listener', async () => {
  const diskFull = new BoticelliError('output_failed', 'the disk is full');
  const driver = createScriptedDriver();
  const onEvent = (event: NarrativeEvent) => {
    if (event.type === 'act-end') throw diskFull;
  };
  const report = await new NarrativeExecutor({ driver, onEvent }).execute(threeActs);
  expect(report).toMatchObject({ status: 'failed', failure: diskFull });
  expect(report.acts).toHaveLength(1);
  expect(driver.requests).toHaveLength(1);
});

test('reports an exception that is not a BoticelliError as a bug, with the exception as its cause', async () => {
  const bug = new TypeError('x is undefined');
  const report = await createExecutor([{ error: bug }]).executor.execute(threeActs);
  expect(report.failure).toMatchObject({ code: 'internal', cause: bug });
});

test('reports a bug if no chunk of a stream has a `response`', async () => {
  const driver: ScriptedDriver = {
    ...createScriptedDriver(),
    async *generateStream() {
      yield { text: 'a', finished: false, metadata: {} };
    },
  };
  const report = await new NarrativeExecutor({ driver }).execute(threeActs, { stream: true });
  expect(report.error).toMatchObject({ code: 'internal' });
});

test('saves speech before act-end; that event names the duration and the file of the speech', async () => {
  const audio = { pcm: new Uint8Array(48_000), sampleRate: 24_000 };
  const saved: unknown[] = [];
  const { driver, events, executor } = createExecutor([], {
    saveAudio(act, speech) {
      saved.push(act, speech, events.at(-1)?.type);
      return '01-one.wav';
    },
  });
  const { generate } = driver;
  driver.generate = async (request, context) => ({ ...(await generate(request, context)), audio });
  const { acts } = await executor.execute(createNarrative(act('one')));
  expect(saved).toEqual([{ act: 'one', index: 0 }, audio, 'act-start']);
  expect(acts[0]?.audio).toEqual({ durationMs: 1000, file: '01-one.wav' });
});

test('saves speech without a transcript, and reports its file before the act fails', async () => {
  const audio = { pcm: new Uint8Array(48_000), sampleRate: 24_000 };
  const error = new UntranscribedSpeech(audio);
  const saveAudio: NarrativeExecutorOptions['saveAudio'] = (_, speech) => (speech === audio ? '01-one.wav' : undefined);
  const { events, executor } = createExecutor([{ error }], { saveAudio });
  const { failure } = await executor.execute(threeActs);
  expect(failure).toBe(error);
  expect(error.message).toBe('the reply has no text, only 1.0 s of speech without a transcript');
  expect(events).toContainEqual({
    ...{ type: 'act-note', act: 'one', about: 'reply' },
    message: 'the speech without a transcript was saved as 01-one.wav',
  });
});
