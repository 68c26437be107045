import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAct, createNarrative, runNarrative } from './narrative-fixture.js';

describe('templates', () => {
  test('insert replies, variables, standard input and the round when their act runs', async () => {
    const { sent, requests } = await runNarrative(
      createNarrative(
        [
          createAct('one', 'Ask {{vars.what}} of {{stdin}}'),
          createAct('two', '{{previous}}, {{one}}, {{ round }}', { system: 'Be {{vars.how}} with {{one}}' }),
          createAct('one', 'Again: {{one}} {{two}}'),
          createAct('end', '{{one}} {{previous}}'),
        ],
        {
          vars: new Map([
            ['what', 'much'],
            ['how', 'kind'],
          ]),
        },
      ),
      ['first', 'second', 'third'],
      { stdin: async () => 'a pipe' },
    );
    expect(sent).toEqual(['Ask much of a pipe', 'first, first, 1', 'Again: first second', 'third third']);
    expect(requests[1]?.system).toBe('Be kind with first');
  });

  test('insert values literally, including braces', async () => {
    const value = '{{vars.x}} \\{{previous}} {{';
    const { sent } = await runNarrative(
      createNarrative([createAct('one', '{{vars.x}}{{stdin}}'), createAct('two', ['{{previous}}', '{{one}}'])], {
        vars: new Map([['x', value]]),
      }),
      [value],
      { stdin: async () => value },
    );
    expect(sent).toEqual([value + value, `${value}|${value}`]);
  });

  test('leave a text without placeholders unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (text, reply) => {
        const plain = `x${text.replaceAll('{{', '{')}`;
        const { sent } = await runNarrative(createNarrative([createAct('a', plain), createAct('b', '{{a}}!')]), [
          reply,
        ]);
        expect(sent).toEqual([plain, `${reply}!`]);
      }),
    );
  });

  test('are sent literally with templates = false', async () => {
    const text = '{{previous}} \\{{x}} {{stdin}}';
    expect((await runNarrative(createNarrative([createAct('one', text)], { templates: false }))).sent).toEqual([text]);
  });

  // loadNarrative rejects unknown names, so only a narrative that is built in code can contain one.
  test.each(['{{unknown}}', '{{previous}}', '{{vars.constructor}}', '{{toString}}', '{{__proto__}}', '{{one}}'])(
    'with the unknown name %s end the run before the request',
    async (text) => {
      const { report, requests } = await runNarrative(createNarrative([createAct('one', text)]));
      expect(report.error).toMatchObject({
        code: 'invalid_narrative',
        act: 'one',
        message: `unknown name ${text}`,
      });
      expect(requests).toEqual([]);
    },
  );

  test('accept any act name', async () => {
    const names = ['two words', 'a.b', '🎬', 'a/b', '__proto__', 'constructor'];
    const acts = [
      ...names.map((name) => createAct(name, 'x')),
      createAct('end', names.map((name) => `{{${name}}}`).join(' ')),
    ];
    const { sent } = await runNarrative(
      createNarrative(acts),
      names.map((name) => `<${name}>`),
    );
    expect(sent.at(-1)).toBe(names.map((name) => `<${name}>`).join(' '));
  });

  test('that render to an empty prompt end the run before the request', async () => {
    const { report, requests } = await runNarrative(createNarrative([createAct('one', '{{stdin}}')]), [], {
      stdin: async () => ' \n',
    });
    expect(report.error).toMatchObject({ code: 'invalid_narrative', act: 'one' });
    expect(requests).toEqual([]);
  });
});

describe('standard input', () => {
  test('is read once, before the first act, and only if a text uses it', async () => {
    let reads = 0;
    const options = { stdin: async () => `read ${++reads}` };
    expect((await runNarrative(createNarrative([createAct('one', '\\{{stdin}}')]), [], options)).sent).toEqual([
      '{{stdin}}',
    ]);
    expect(reads).toBe(0);
    const inner = createNarrative([createAct('deep', '{{stdin}}')]);
    const { sent } = await runNarrative(
      createNarrative([createAct('one', 'x'), createAct('two', inner), createAct('three', '{{stdin}}')]),
      [],
      options,
    );
    expect(sent).toEqual(['x', 'read 1', 'read 1']);
  });

  test('that is missing ends the run before the first request, with narrative-end as its only event', async () => {
    const { report, events, requests } = await runNarrative(
      createNarrative([createAct('one', 'x'), createAct('two', '{{stdin}}')]),
    );
    expect(report).toMatchObject({ status: 'failed', acts: [], error: { code: 'no_input' } });
    expect(report.error).not.toHaveProperty('act');
    expect(events.map(({ type }) => type)).toEqual(['narrative-end']);
    expect(requests).toEqual([]);
  });
});
