import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BoticelliDriver, CallContext } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import type { NarrativeEvent, RunReport } from '../../src/executor/narrative-events.js';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { NarrativeExecutorOptions } from '../../src/executor/options.js';
import { createCallLimiter } from '../../src/executor/scheduler.js';
import type { Act, ActContext, Narrative } from '../../src/narrative/narrative.js';
import { createRequestNumbering } from '../../src/store/replies/request-id.js';
import { createRandom } from '../helpers/random.js';
import { createAct, createNarrative, getTurnTexts } from './narrative-fixture.js';

type Reply = (request: GenerateRequest, context: CallContext) => Promise<string> | string;

/** A driver whose replies come from a function. `callCounts` has the number of calls that run now, and its maximum. */
function createDriver(reply: Reply) {
  const callCounts = { active: 0, maxActive: 0 };
  const driver: BoticelliDriver = {
    supportsStreaming: () => false,
    async *generateStream() {},
    async generate(request, context = {}) {
      callCounts.active += 1;
      callCounts.maxActive = Math.max(callCounts.maxActive, callCounts.active);
      try {
        const text = await reply(request, context);
        const usage = { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 };
        const turn = { role: 'model', text, model: request.model } as const;
        return { text, model: request.model, finishReason: 'STOP', usage, turn };
      } finally {
        callCounts.active -= 1;
      }
    },
  };
  return { driver, callCounts };
}

const getPrompt = (request: GenerateRequest) => String(getTurnTexts(request).at(-1));

/** Starts a run. Each of its calls waits until `answer` gives it a reply or an error. */
function startRun(narrative: Narrative, options: Partial<NarrativeExecutorOptions> = {}) {
  const pending: { prompt: string; resolve: (reply: string | Error) => void }[] = [];
  const started: string[] = [];
  const events: NarrativeEvent[] = [];
  const { driver, callCounts } = createDriver(async (request, { signal }) => {
    const prompt = getPrompt(request);
    started.push(prompt);
    const reply = await new Promise<string | Error>((resolve, reject) => {
      pending.push({ prompt, resolve });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    if (reply instanceof Error) throw reply;
    return reply;
  });
  const onEvent = (event: NarrativeEvent) => void events.push(event);
  const executor = new NarrativeExecutor({ driver, onEvent, maxConcurrent: 9, ...options });
  const report = executor.execute(narrative);
  return {
    report,
    events,
    callCounts,
    /** Returns the prompts of the calls that have started since `next` was last called, sorted. */
    async next() {
      await setImmediate();
      return started.splice(0).sort();
    },
    /** Answers the oldest of the waiting calls that have this prompt. */
    answer(prompt: string, reply: string | Error = `to ${prompt}`) {
      const index = pending.findIndex((call) => call.prompt === prompt);
      pending.splice(index, 1)[0]?.resolve(reply);
    },
  };
}

const noContext = { context: 'none' } as const;
const diamond = createNarrative([
  createAct('a', 'A'),
  createAct('b', 'B', { context: ['a'] }),
  createAct('c', 'C', { context: ['a'] }),
  createAct('d', 'D', { context: ['b', 'c'] }),
]);
const summarize = ({ status, error, acts }: RunReport) => ({
  status,
  failed: error?.act,
  acts: acts.map(({ act, index }) => `${index} ${act}`),
});

describe('an act waits only for the acts', () => {
  test('that its context shows', async () => {
    const { next, answer, report, events } = startRun(diamond);
    expect(await next()).toEqual(['A']);
    answer('A');
    expect(await next()).toEqual(['B', 'C']);
    answer('C');
    expect(await next()).toEqual([]);
    answer('B');
    expect(await next()).toEqual(['D']);
    answer('D');
    expect(summarize(await report)).toMatchObject({ status: 'completed', acts: ['0 a', '1 b', '2 c', '3 d'] });
    const ends = events.filter(({ type }) => type === 'act-end');
    expect(ends.map((event) => 'index' in event && event.index)).toEqual([0, 2, 1, 3]);
  });

  test.each<[what: string, acts: Act[], started: string[]]>([
    ['before it, with the full context', [createAct('a', 'A', noContext), createAct('b', 'B')], ['A']],
    [
      'just before it, with the context "previous"',
      [createAct('a', 'A'), createAct('b', 'B', { context: 'previous' })],
      ['A'],
    ],
    [
      'that a text names',
      [createAct('a', 'A'), createAct('b', '{{a}}', noContext), createAct('c', 'C', noContext)],
      ['A', 'C'],
    ],
    [
      'that a system prompt names',
      [createAct('a', 'A'), createAct('b', 'B', { ...noContext, system: '{{ a }}' })],
      ['A'],
    ],
    [
      'that an expectation names',
      [
        createAct('a', 'A'),
        createAct('b', 'B', { ...noContext, expect: [{ name: 'not_contains', texts: ['{{a}}'] }] }),
      ],
      ['A'],
    ],
    ['that {{previous}} means', [createAct('a', 'A'), createAct('b', '{{previous}}', noContext)], ['A']],
    [
      'that stand before it, not those of the same name after it',
      [createAct('a', 'A'), createAct('b', 'B {{a}}', noContext), createAct('a', 'A2', noContext)],
      ['A', 'A2'],
    ],
    [
      'before it in its nested narrative, not those of the outer narrative',
      [createAct('a', 'A'), createAct('n', createNarrative([createAct('x', 'X'), createAct('y', 'Y')]), noContext)],
      ['A', 'X'],
    ],
    [
      'that it refers to; an escaped placeholder refers to none',
      [createAct('a', 'A'), createAct('b', '\\{{a}}', noContext)],
      ['A', '{{a}}'],
    ],
  ])('%s', async (_what, acts, started) => {
    const { next, report, answer } = startRun(createNarrative(acts));
    expect(await next()).toEqual(started);
    for (let prompts = started; prompts.length > 0; prompts = await next())
      for (const prompt of prompts) answer(prompt);
    expect((await report).status).toBe('completed');
  });

  test('before it, with `maxConcurrent: 1`, even if its context shows none of them', async () => {
    const { callCounts, report, next, answer, events } = startRun(
      createNarrative([createAct('a', 'A', noContext), createAct('b', 'B', noContext)]),
      { maxConcurrent: 1 },
    );
    expect(await next()).toEqual(['A']);
    answer('A');
    expect(await next()).toEqual(['B']);
    answer('B', new TypeError('broken'));
    await report;
    expect(callCounts.maxActive).toBe(1);
    expect(events.filter((event) => 'index' in event).map(({ type }) => type)).toEqual([
      'act-start',
      'act-end',
      'act-start',
    ]);
  });
});

test('a round starts only when the round before it has ended', async () => {
  const acts = [createAct('a', 'A {{round}}', noContext), createAct('b', 'B {{round}}', noContext)];
  const { next, answer, report } = startRun(createNarrative(acts, { rounds: 2 }));
  expect(await next()).toEqual(['A 1', 'B 1']);
  answer('B 1');
  expect(await next()).toEqual([]);
  answer('A 1');
  expect(await next()).toEqual(['A 2', 'B 2']);
  for (const prompt of ['B 2', 'A 2']) answer(prompt);
  const { acts: ends } = await report;
  expect(ends.map(({ act, index, round }) => `${index} ${act} ${round}`)).toEqual(['0 a 1', '1 b 1', '2 a 2', '3 b 2']);
});

describe('a failure', () => {
  const acts = [
    createAct('a', 'A', noContext),
    createAct('b', 'B', noContext),
    createAct('c', '{{a}}', noContext),
    createAct('d', '{{b}}', noContext),
  ];

  test('lets the acts that have started finish, and keeps the others from starting', async () => {
    const { next, answer, report } = startRun(createNarrative(acts));
    await next();
    answer('B', new TypeError('broken'));
    await next();
    answer('A');
    const ended = await report;
    expect(summarize(ended)).toEqual({ status: 'failed', failed: 'b', acts: ['0 a'] });
    expect(ended.usage.totalTokens).toBe(2);
    expect(await next()).toEqual([]);
  });

  test('is reported for the act that comes first in the narrative, if several acts fail', async () => {
    const { next, answer, report } = startRun(createNarrative(acts));
    await next();
    answer('B', new TypeError('second'));
    await next();
    answer('A', new TypeError('first'));
    expect(await report).toMatchObject({ error: { act: 'a', message: 'first' }, acts: [] });
  });

  test('prevents the start of acts that wait for a concurrency slot, and is reported for the act that failed', async () => {
    const nested = createNarrative([createAct('x', 'X'), createAct('y', 'Y')]);
    const { next, answer, report } = startRun(createNarrative([createAct('n', ['N', nested], noContext), ...acts]), {
      maxConcurrent: 2,
    });
    // The acts of a nested narrative ask for slots a moment after the acts of the outer narrative. So A and B take both
    // slots, although the act n comes first. X waits for a slot. N waits for the end of the nested narrative.
    expect(await next()).toEqual(['A', 'B']);
    answer('A', new TypeError('broken'));
    await next();
    answer('B');
    expect(summarize(await report)).toEqual({ status: 'failed', failed: 'a', acts: ['4 b'] });
    expect(await next()).toEqual([]);
  });

  test('in a nested narrative keeps further acts of the outer narrative from starting', async () => {
    const nested = createNarrative([createAct('x', 'X'), createAct('y', 'Y')]);
    const { next, answer, report } = startRun(createNarrative([createAct('n', nested, noContext), ...acts]));
    expect(await next()).toEqual(['A', 'B', 'X']);
    answer('A');
    await next();
    answer('X', new TypeError('broken'));
    for (const prompt of ['B', 'to A']) answer(prompt);
    expect(summarize(await report)).toEqual({ status: 'failed', failed: 'n/x', acts: ['2 a', '3 b', '4 c'] });
  });
});

test('aborting ends the running act and the run, and starts no other act', async () => {
  const controller = new AbortController();
  const { next, report, events } = startRun(diamond, { signal: controller.signal, maxConcurrent: 2 });
  await next();
  controller.abort();
  expect(await report).toMatchObject({ status: 'interrupted', error: { act: 'a' } });
  expect(events.map(({ type }) => type)).toEqual(['narrative-start', 'act-start', 'narrative-end']);
});

test('executors that share a limiter never have more calls in flight than it allows, nested narratives included', async () => {
  const inner = createNarrative(
    ['x', 'y', 'z'].map((name) => createAct(name, `${name} {{round}}`, noContext)),
    { rounds: 2 },
  );
  const acts = Array.from({ length: 6 }, (_, index) =>
    createAct(`a${index}`, index % 2 ? inner : [`${index}`, inner], noContext),
  );
  const { driver, callCounts } = createDriver(() => setImmediate('done'));
  const callLimiter = createCallLimiter(3);
  const reports = await Promise.all(
    Array.from({ length: 4 }, () => new NarrativeExecutor({ driver, callLimiter }).execute(createNarrative(acts))),
  );
  // Each nested narrative makes 6 calls, and every second act makes one more: 6 × 6 + 3.
  expect(reports.map(({ status, acts: { length } }) => `${status} ${length}`)).toEqual(Array(4).fill('completed 39'));
  expect(callCounts).toEqual({ active: 0, maxActive: 3 });
});

/**
 * Runs a narrative. Each reply depends on its request and on how many equal requests were sent before. Each reply
 * arrives after a random delay.
 */
async function runWithOccurrences(narrative: Narrative, maxConcurrent: number, seed: number) {
  const identifyRequest = createRequestNumbering();
  const random = createRandom(seed);
  const requests: [index: number, turns: string][] = [];
  const { driver } = createDriver(async (request, context) => {
    const { id } = identifyRequest(request, context);
    requests.push([context.position?.index ?? -1, getTurnTexts(request).join('/')]);
    for (let delays = Math.floor(random() * 4); delays > 0; delays -= 1) await setImmediate();
    // Few different replies, so that requests which contain them are often equal too.
    return `${Number.parseInt(id.key.slice(0, 6), 16) % 2}${id.occurrence % 3}`;
  });
  const { status, acts } = await new NarrativeExecutor({ driver, maxConcurrent }).execute(narrative);
  const sent = requests.sort(([left], [right]) => left - right);
  return { status, sent, acts: acts.map(({ act, index, round, text }) => ({ act, index, round, text })) };
}

// A stored or recorded reply is found by its request and by how many equal requests came before. So the order of equal
// requests must be the same in every run.
test('equal requests are sent in the order of their acts, whatever the acts before them wait for', async () => {
  const acts = [
    ...[createAct('a', 'A', noContext), createAct('b', 'Q {{a}}', noContext)],
    ...[createAct('c', 'C', noContext), createAct('d', 'Q {{c}}', noContext), createAct('e', 'E {{c}}', noContext)],
  ];
  const { next, answer, report, events } = startRun(createNarrative(acts));
  expect(await next()).toEqual(['A', 'C']);
  answer('C', 'yes');
  // The request of d may be equal to that of b, so d waits for b. The request of e can't be equal to an earlier one.
  expect(await next()).toEqual(['E yes']);
  answer('A', 'yes');
  expect(await next()).toEqual(['Q yes', 'Q yes']);
  expect(events.flatMap((event) => (event.type === 'act-start' ? event.act : []))).toEqual(['a', 'c', 'e', 'b', 'd']);
  for (const prompt of ['Q yes', 'Q yes', 'E yes']) answer(prompt);
  expect((await report).status).toBe('completed');
});

const names = ['a', 'b', 'c'];
const texts = fc.constantFrom('Q', 'R', '{{a}}', 'Q {{b}}', '{{c}} R', '{{previous}}', '\\{{a}}');
const contexts = fc.oneof(
  { arbitrary: fc.constantFrom<ActContext>('none', 'previous', 'full'), weight: 2 },
  { arbitrary: fc.subarray(names), weight: 1 },
);
/** Generates acts with this content. */
const actOf = (content: fc.Arbitrary<string | Narrative | (string | Narrative)[]>) =>
  fc
    .tuple(fc.constantFrom(...names), content, contexts)
    .map(([name, input, context]) => createAct(name, input, { context }));
/** Generates narratives. They begin with an act of each name, so that every placeholder has a value. */
const narrativeOf = (acts: fc.Arbitrary<Act[]>, roundCounts: fc.Arbitrary<number>) =>
  fc
    .tuple(acts, roundCounts)
    .map(([list, rounds]) =>
      createNarrative([...names.map((name) => createAct(name, 'Q', noContext)), ...list], { rounds }),
    );
const textActs = fc.array(actOf(texts), { maxLength: 6 });
const nestedNarratives = narrativeOf(textActs, fc.constantFrom(1, 2));
const mixedActs = fc.array(
  actOf(fc.oneof(texts, nestedNarratives, fc.tuple(texts, nestedNarratives, nestedNarratives))),
  { maxLength: 5 },
);

test('all requests get the same replies as if the acts ran in order, whatever finishes first', async () => {
  await fc.assert(
    fc.asyncProperty(
      narrativeOf(mixedActs, fc.constantFrom(1, 2)),
      fc.integer({ min: 2, max: 8 }),
      fc.nat(),
      async (narrative, jobs, seed) => {
        const inOrder = await runWithOccurrences(narrative, 1, seed);
        expect(inOrder.status).toBe('completed');
        expect(await runWithOccurrences(narrative, jobs, seed)).toEqual(inOrder);
      },
    ),
    { numRuns: 40 },
  );
});
