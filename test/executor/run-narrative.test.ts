import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import { planActs } from '../../src/executor/plan-acts.js';
import type { Narrative } from '../../src/narrative/narrative.js';
import { createScriptedDriver } from '../helpers/scripted-driver.js';
import { createAct, createNarrative, getTurnTexts, runNarrative } from './narrative-fixture.js';

test('sends each act the rendered turns that its context selects', async () => {
  const acts = [
    createAct('a', 'A {{round}}'),
    createAct('b', 'B', { context: 'none' }),
    createAct('c', 'C', { context: 'previous' }),
    createAct('d', 'D', { context: ['c', 'a'] }),
    createAct('e', 'E'),
  ];
  const { requests } = await runNarrative(createNarrative(acts), ['1', '2', '3', '4']);
  expect(requests.map((request) => getTurnTexts(request).join(' '))).toEqual([
    'A 1',
    'B',
    'B 2 C',
    'A 1 1 C 3 D',
    'A 1 1 B 2 C 3 D 4 E',
  ]);
});

describe('a nested narrative', () => {
  const inner = createNarrative([createAct('x', 'X {{vars.v}}'), createAct('y', 'Y {{x}}')], {
    vars: new Map([['v', 'inner']]),
  });

  test('has its own conversation; its last prompt and reply become those of the act', async () => {
    const { requests, events, report } = await runNarrative(
      createNarrative([createAct('a', 'A'), createAct('b', inner), createAct('c', '{{b}} {{previous}}')]),
      ['ra', 'rx', 'ry', 'rc'],
    );
    expect(requests.map((request) => getTurnTexts(request).join(' '))).toEqual([
      'A',
      'X inner',
      'X inner rx Y rx',
      'A ra Y rx ry ry ry',
    ]);
    expect(events[0]).toMatchObject({ type: 'narrative-start', acts: ['a', 'b/x', 'b/y', 'c'] });
    expect(report.acts.map(({ act: name, index, text }) => `${index} ${name} ${text}`)).toEqual([
      '0 a ra',
      '1 b/x rx',
      '2 b/y ry',
      '3 c rc',
    ]);
  });

  test('among other inputs runs first, and its last reply becomes a text input', async () => {
    const { sent, events } = await runNarrative(
      createNarrative([createAct('a', ['before', inner, 'after {{vars.v}}'])], { vars: new Map([['v', 'outer']]) }),
      ['rx', '{{unknown}}'],
    );
    expect(sent).toEqual(['X outer', 'Y rx', 'before|{{unknown}}|after outer']);
    expect(events.flatMap((event) => (event.type === 'act-start' ? [event.act] : []))).toEqual(['a/x', 'a/y', 'a']);
  });

  test('prefers the variables of the outer narratives to its own, at any depth', async () => {
    const middle = createNarrative([createAct('m', inner)], { vars: new Map([['v', 'middle']]) });
    expect((await runNarrative(middle)).sent[0]).toBe('X middle');
    const outer = createNarrative([createAct('o', middle), createAct('p', inner)], { vars: new Map([['v', 'outer']]) });
    expect((await runNarrative(outer)).sent).toEqual(['X outer', 'Y Reply 1', 'X outer', 'Y Reply 3']);
    const without = createNarrative([createAct('o', middle)], { vars: new Map([['w', 'x']]) });
    expect((await runNarrative(without)).sent[0]).toBe('X middle');
  });

  test('that fails ends the run, with the path of its act in the error', async () => {
    const driver = createScriptedDriver([{ pieces: ['ok'] }, { error: new TypeError('broken') }]);
    const report = await new NarrativeExecutor({ driver }).execute(
      createNarrative([createAct('a', inner), createAct('b', 'B')]),
    );
    expect(report).toMatchObject({ status: 'failed', error: { act: 'a/y' } });
    expect(report.acts.map(({ act: name }) => name)).toEqual(['a/x']);
  });

  test('may turn templates off for itself only', async () => {
    const literal = createNarrative([createAct('x', '{{unknown}}')], { templates: false });
    expect((await runNarrative(createNarrative([createAct('a', literal), createAct('b', '{{a}}')]))).sent).toEqual([
      '{{unknown}}',
      'Reply 1',
    ]);
  });
});

describe('a narrative with `rounds`', () => {
  test('repeats the whole order, each time with a new conversation', async () => {
    const { requests, report, events } = await runNarrative(
      createNarrative([createAct('a', 'A {{round}}'), createAct('b', 'B {{a}}')], { rounds: 3 }),
    );
    expect(requests.map((request) => getTurnTexts(request).join(' '))).toEqual([
      'A 1',
      'A 1 Reply 1 B Reply 1',
      'A 2',
      'A 2 Reply 3 B Reply 3',
      'A 3',
      'A 3 Reply 5 B Reply 5',
    ]);
    expect(report.acts.map(({ act: name, round, index }) => `${index} ${name} ${round}`)).toEqual([
      '0 a 1',
      '1 b 1',
      '2 a 2',
      '3 b 2',
      '4 a 3',
      '5 b 3',
    ]);
    expect(events[0]).toMatchObject({ acts: ['a', 'b', 'a', 'b', 'a', 'b'] });
    const ofActs = events.filter(({ type }) => type.startsWith('act-'));
    expect(ofActs.every((event) => 'round' in event)).toBe(true);
  });

  test('adds no round to events if `rounds` is 1', async () => {
    const { events } = await runNarrative(createNarrative([createAct('a', 'A {{round}}')], { rounds: 1 }));
    expect(events.some((event) => 'round' in event)).toBe(false);
  });

  test('starts each round without the replies of the previous round', async () => {
    const twoRounds = createNarrative([createAct('a', 'A'), createAct('b', 'B')], { rounds: 2 });
    const { sent } = await runNarrative(twoRounds);
    expect(sent).toEqual(['A', 'B', 'A', 'B']);
    const { report } = await runNarrative(createNarrative([createAct('a', '{{previous}}')], { rounds: 2 }));
    expect(report.error).toMatchObject({ code: 'invalid_narrative' });
  });

  test('counts its own rounds if it is nested; a nested narrative without `rounds` has the round of the outer narrative', async () => {
    const twice = createNarrative([createAct('x', 'X {{round}}')], { rounds: 2 });
    const once = createNarrative([createAct('y', 'Y {{round}}')]);
    const { sent, report } = await runNarrative(
      createNarrative([createAct('t', twice), createAct('o', once)], { rounds: 2 }),
    );
    expect(sent).toEqual(['X 1', 'X 2', 'Y 1', 'X 1', 'X 2', 'Y 2']);
    expect(report.acts.map(({ round }) => round)).toEqual([1, 2, 1, 1, 2, 2]);
  });
});

describe('the plan of a run', () => {
  /**
   * Narratives nested up to three deep, with one or two rounds. A nested narrative is the only input of its act or one
   * of two inputs.
   */
  const { tree } = fc.letrec<{ tree: Narrative }>((tie) => ({
    tree: fc
      .tuple(
        fc.array(fc.array(fc.oneof({ maxDepth: 3 }, fc.constant('x'), tie('tree')), { minLength: 1, maxLength: 2 }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.integer({ min: 1, max: 2 }),
      )
      .map(([acts, rounds]) =>
        createNarrative(
          acts.map((content, index) => createAct(`n${index}`, content)),
          { rounds },
        ),
      ),
  }));

  test('lists the calls that are then made', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (drawn) => {
        const planned = planActs(drawn);
        fc.pre(planned.length < 500);
        const { report, events } = await runNarrative(drawn);
        expect(report.acts.map(({ act: name }) => name)).toEqual(planned.map(({ name }) => name));
        expect(report.acts.map(({ index }) => index)).toEqual([...planned.keys()]);
        expect(events[0]).toMatchObject({ acts: planned.map(({ name }) => name) });
        const topLevel = planned.filter(({ isReplyOfTopLevelAct }) => isReplyOfTopLevelAct);
        expect(topLevel).toHaveLength(drawn.acts.length * (drawn.rounds ?? 1));
      }),
      { numRuns: 50 },
    );
  });

  test('lists in actsWithThisReply the act that makes the call, and each outer act that ends with the call', () => {
    const inner = createNarrative([createAct('x', 'X'), createAct('y', 'Y')]);
    const middle = createNarrative([createAct('m', inner)]);
    expect(planActs(createNarrative([createAct('a', middle), createAct('b', ['with', inner])]))).toEqual([
      { name: 'a/m/x', actsWithThisReply: ['a/m/x'], isReplyOfTopLevelAct: false },
      { name: 'a/m/y', actsWithThisReply: ['a/m/y', 'a/m', 'a'], isReplyOfTopLevelAct: true },
      { name: 'b/x', actsWithThisReply: ['b/x'], isReplyOfTopLevelAct: false },
      { name: 'b/y', actsWithThisReply: ['b/y'], isReplyOfTopLevelAct: false },
      { name: 'b', actsWithThisReply: ['b'], isReplyOfTopLevelAct: true },
    ]);
  });
});
