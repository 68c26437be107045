import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BoticelliDriver } from '../../src/driver/driver.js';
import { createConversation } from '../../src/executor/conversation.js';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { Act, ActContext } from '../../src/narrative/narrative.js';

function act(name: string, context?: ActContext): Act {
  return { name, parameters: {}, inputs: [{ type: 'text', content: name }], ...(context && { context }) };
}

/** Renders the turns that each act sees: `?` for a prompt, and for a reply the position of its act. */
function renderConversations(acts: readonly Act[]): string[] {
  const conversation = createConversation(acts);
  return acts.map((_, position) => {
    const turns = conversation.getVisibleTurns(position);
    const text = String(position);
    conversation.add(position, [
      { role: 'user', parts: [{ type: 'text', text }] },
      { role: 'model', text, model: 'm' },
    ]);
    return turns.map((turn) => (turn.role === 'model' ? turn.text : '?')).join('');
  });
}

test.each([
  ['everything before it by default', [act('a'), act('b'), act('c', 'full')], ['', '?0', '?0?1']],
  ['only the previous act', [act('a', 'previous'), act('b', 'previous'), act('c', 'previous')], ['', '?0', '?1']],
  ['nothing', [act('a'), act('b', 'none'), act('c')], ['', '', '?0?1']],
  ['acts by name, in the order in which they ran', [act('a'), act('b'), act('c', ['b', 'a', 'b'])], ['', '?0', '?0?1']],
  [
    'the latest prompt and reply of an act that ran twice',
    [act('a'), act('b', 'none'), act('a'), act('c', ['a'])],
    ['', '', '?0?1', '?2'],
  ],
  [
    'only those acts of a list that have run',
    [act('a', ['a', 'b']), act('b', ['a', 'b']), act('c', ['a', 'b'])],
    ['', '?0', '?0?1'],
  ],
  ['nothing for an empty list', [act('a'), act('b', [])], ['', '']],
])('an act sees %s', (_what, acts, expected) => {
  expect(renderConversations(acts)).toEqual(expected);
});

test('each act sees exactly the turns of its context, although turns that no later act sees are dropped', () => {
  const names = ['a', 'b', 'c', 'd'];
  const contexts = fc.oneof(fc.constantFrom<ActContext>('full', 'previous', 'none'), fc.subarray(names));
  const acts = fc.array(fc.tuple(fc.constantFrom(...names), contexts), { maxLength: 12 });
  fc.assert(
    fc.property(acts, (drawn) => {
      const expected = drawn.map(([, context], position) => {
        const before = drawn.slice(0, position).map(([name], at) => ({ name, at }));
        if (context === 'full') return before.map(({ at }) => at);
        if (context === 'none') return [];
        if (context === 'previous') return before.slice(-1).map(({ at }) => at);
        return before
          .filter(({ name, at }) => context.includes(name) && before.findLast((one) => one.name === name)?.at === at)
          .map(({ at }) => at);
      });
      expect(renderConversations(drawn.map(([name, context]) => act(name, context)))).toEqual(
        expected.map((positions) => positions.map((at) => `?${at}`).join('')),
      );
    }),
  );
});

test('frees replies that no later act sees, over two thousand acts', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const nativeReplies: WeakRef<object>[] = [];
  let maxAlive = 0;
  const driver: BoticelliDriver = {
    supportsStreaming: () => false,
    async *generateStream() {},
    async generate({ model }) {
      if (nativeReplies.length % 500 === 499) {
        await setImmediate();
        collectGarbage();
        maxAlive = Math.max(maxAlive, nativeReplies.filter((native) => native.deref()).length);
      }
      const native = [{ text: 'a reply as its provider sent it' }];
      nativeReplies.push(new WeakRef(native));
      const usage = { promptTokens: 1, outputTokens: 1, thoughtTokens: 0, totalTokens: 2 };
      return {
        text: 'Reply',
        model,
        finishReason: 'STOP',
        usage,
        turn: { role: 'model', text: 'Reply', model, native },
      };
    },
  };
  const acts = Array.from({ length: 2000 }, (_, index) => act(`act_${index}`, index % 2 ? 'previous' : 'none'));
  const { status } = await new NarrativeExecutor({ driver }).execute({ name: 'long', acts });
  expect(status).toBe('completed');
  expect(maxAlive).toBeLessThan(10);
});
