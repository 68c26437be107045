import { describe, expect, test } from 'vitest';
import { startBoticelli } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { parseEvents } from '../quota-fixture.js';
import { createInProcessFixture } from './in-process-fixture.js';

const fixture = createInProcessFixture();

/** A narrative whose act `a` has the expectation, followed by an act `b`. `settings` are further lines of the act `a`. */
const renderNarrative = (expectation: string, settings = '') =>
  `[narrative]\nname = "n"\n[vars]\nname = "Ada"\n[toc]\norder = ["a", "b"]\n[acts]\nb = "Next."\n[acts.a]\nprompt = "Go."\n${settings}\nexpect = ${expectation}\n`;

/** Creates a folder with the narrative `n.toml`. `run` and `runOffline` execute the narrative; `edit` replaces it. */
function setup(narrative: string, files: Record<string, string> = {}) {
  const folder = fixture.createFolder({ 'n.toml': narrative, ...files });
  return {
    ...folder,
    run: (...args: string[]) => folder.run('n.toml', ...args),
    runOffline: (...args: string[]) => folder.runOffline('n.toml', ...args),
    edit: (expectation: string, settings?: string) => folder.write('n.toml', renderNarrative(expectation, settings)),
  };
}

describe('a reply that passes is printed; after one that fails, the act is requested again; after two, the run ends:', () => {
  test.each([
    [
      'contains',
      '{ contains = ["Hello", "{{vars.name}}"] }',
      'Hello Ada',
      'Hello Bob',
      'it does not contain "Ada"; it is "Hello Bob"',
    ],
    ['not_contains', '{ not_contains = "sorry" }', 'Hello', 'I am sorry!', 'it contains "sorry": "I am sorry!"'],
    ['matches', `{ matches = '^\\d+$' }`, '42\n', '4 2', 'it does not match the pattern "^\\\\d+$"; it is "4 2"'],
    ['max_words', '{ max_words = 2 }', 'a b', 'a b c', 'it has 3 words, more than the 2 of max_words'],
    ['min_words', '{ min_words = 2 }', 'a b', 'a', 'it has 1 word, fewer than the 2 of min_words'],
    [
      'equals',
      '{ equals = "Hello {{vars.name}}" }',
      'Hello Ada\n',
      'Hello Eva',
      'it is not what "equals" requires: it has "Hello Eva" where "Hello Ada" is expected (first difference: character 7)',
    ],
    ['one_of', '{ one_of = ["yes", "no"] }', 'no', 'maybe', 'it is not one of "yes", "no"; it is "maybe"'],
    [
      'a JSON pointer',
      '{ "/score" = { min = 0.5 } }',
      '{"score": 0.5}',
      '{"score": 0.1}',
      '/score is 0.1, less than the min of 0.5',
    ],
  ])('%s', async (kind, expectation, good, bad, reason) => {
    const { run } = setup(renderNarrative(expectation, kind === 'a JSON pointer' ? 'format = "json"' : ''));
    fixture.server.queueReplies(textReply(good), textReply('b'));
    expect(await run('-q')).toMatchObject({ code: 0, stdout: `${good.trimEnd()}\n\nb\n`, stderr: '' });

    fixture.server.queueReplies(textReply([bad.slice(0, 1), bad.slice(1)]), textReply(good), textReply('b'));
    const afterOneBadReply = await run('--retries', '0', '--stream', '-o', 'ndjson');
    expect(afterOneBadReply.code).toBe(0);
    expect(parseEvents(afterOneBadReply.stdout, 'act-delta').filter(({ act }) => act === 'a')).toMatchObject([
      { text: good },
    ]);
    const [retry] = parseEvents(afterOneBadReply.stdout, 'act-retry');
    expect(retry).toMatchObject({ act: 'a', attempt: 1, discard: false, error: { code: 'unexpected_reply' } });
    const [end] = parseEvents(afterOneBadReply.stdout, 'act-end');
    expect(end).toMatchObject({ text: good, attempts: 2, usage: { promptTokens: 16 } });
    // The first three requests are those of the first run (two) and the attempt that failed.
    const [, , , repeat, next] = fixture.server.generateRequests.map(({ body }) => body.contents);
    expect(repeat.map(({ role }: { role: string }) => role)).toEqual(['user', 'model', 'user']);
    expect(repeat[2].parts[0].text).toContain(reason);
    expect(next).toMatchObject([{ parts: [{ text: 'Go.' }] }, { role: 'model' }, { parts: [{ text: 'Next.' }] }]);

    fixture.server.queueReplies(textReply(bad), textReply(bad));
    const afterTwoBadReplies = await run('-q');
    expect(afterTwoBadReplies).toMatchObject({ code: 76, stdout: '' });
    expect(afterTwoBadReplies.stderr).toContain(`boticelli: a: the reply is not as expected: ${reason}\n`);
    expect(fixture.server.generateRequests).toHaveLength(7);
  });
});

test('--replay checks recorded replies against the current expectations, without a request', async () => {
  const { run, runOffline, edit, read } = setup(renderNarrative('{ min_words = 3 }'));
  fixture.server.queueReplies(textReply('one'), textReply('one two three'), textReply('b'));
  expect(await run('--record', 'r.ndjson')).toMatchObject({ code: 0 });
  const recorded = read('r.ndjson');
  edit('{ min_words = 2, contains = "two" }');
  expect(await runOffline('--replay', 'r.ndjson', '--stream')).toMatchObject({
    code: 0,
    stdout: 'one two three\n\nb\n',
  });
  edit('{ max_words = 2 }');
  const { code, stdout, stderr } = await runOffline('--replay', 'r.ndjson', '-o', 'json');
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({
    ...{ code: 76, status: 'failed' },
    error: {
      code: 'unexpected_reply',
      act: 'a',
      message: 'the reply is not as expected: it has 3 words, more than the 2 of max_words',
    },
  });
  expect(stderr).not.toContain('retrying');
  expect(fixture.server.generateRequests).toHaveLength(3);
  expect(read('r.ndjson')).toBe(recorded);
});

test('--resume requests an act again if its stored reply is not as expected, and stores the new reply', async () => {
  const { run, edit } = setup(renderNarrative('{ min_words = 1 }'));
  fixture.server.queueReplies(textReply('one two three'), textReply('b'));
  await run();
  edit('{ max_words = 2 }');
  fixture.server.queueReplies(textReply('one two'));
  const resumed = await run('--resume', '-o', 'ndjson');
  expect(resumed).toMatchObject({ code: 0 });
  expect(parseEvents(resumed.stdout, 'act-note')[0]?.message).toBe(
    'the stored reply is not as expected, so it is requested again: it has 3 words, more than the 2 of max_words',
  );
  const requests = fixture.server.generateRequests.length;
  const again = await run('--resume');
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('one two\n') });
  expect(fixture.server.generateRequests).toHaveLength(requests);
});

test('--resume requests only the act whose replies were not as expected', async () => {
  const { run } = setup(renderNarrative('{ equals = "good" }', 'context = "none"').replace('["a", "b"]', '["b", "a"]'));
  fixture.server.queueReplies(textReply('b'), textReply('bad'), textReply('bad'));
  expect(await run('-q')).toMatchObject({ code: 76, stdout: 'b\n' });
  fixture.server.queueReplies(textReply('bad'), textReply('good'));
  expect(await run('-q', '--resume')).toMatchObject({ code: 0, stdout: 'b\n\ngood\n' });
  expect(await run('-q', '--resume')).toMatchObject({ code: 0, stdout: 'b\n\ngood\n' });
  expect(fixture.server.generateRequests).toHaveLength(5);
});

test('--each fills expectations with the values of each row, fails a row whose reply differs, and reports a missing column', async () => {
  const narrative =
    '[narrative]\nname = "n"\n[acts.a]\nprompt = "Label {{row.text}}"\nexpect = { equals = "{{row.label}}", matches = "^{{row.label}}$" }\n';
  const folder = setup(narrative, { 'c.csv': 'text,label\none,a+b\ntwo,c\n' });
  fixture.server.setDefaultReply(textReply('a+b\n'));
  const { code, stdout, stderr } = await folder.run('--each', 'c.csv', '-o', 'ndjson');
  expect(code).toBe(76);
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(results).toMatchObject([
    { number: 1, status: 'completed' },
    { number: 2, status: 'failed', error: { code: 'unexpected_reply', act: 'a' } },
  ]);
  expect(stderr).toMatch(/2 rows: 1 done, 1 failed \(1 unexpected_reply\)/);
  expect(fixture.server.generateRequests).toHaveLength(3);
  folder.write('d.csv', 'text\none\n');
  const missing = await folder.run('--each', 'd.csv');
  expect(missing).toMatchObject({ code: 65, stderr: expect.stringContaining('label') });
});

test('a rehearsal says once that it does not check expectations', async () => {
  const { runOffline } = setup(renderNarrative('{ equals = "good" }').replace('["a", "b"]', '["a", "b", "a"]'));
  const { code, stderr } = await runOffline('--rehearse');
  expect(code).toBe(0);
  expect(stderr.match(/does not check "expect"/g)).toHaveLength(1);
});

describe('while a pattern backtracks without end', () => {
  const setupEndless = () => {
    const folder = setup(renderNarrative("{ matches = '^(a+)+$' }"));
    fixture.server.setDefaultReply(textReply(`${'a'.repeat(60)}b`));
    return folder;
  };

  test('--timeout ends the run', async () => {
    const { run } = setupEndless();
    const { code, stderr } = await run('--timeout', '500ms', '-q');
    expect(code).toBe(124);
    expect(stderr).toContain('a: matching the reply with the pattern "^(a+)+$" took more than 0.5 s');
    expect(fixture.server.generateRequests).toHaveLength(1);
  });

  test('Ctrl-C ends the run', async () => {
    const { cwd, env } = setupEndless();
    const { child, result } = startBoticelli(['run', 'n.toml', '-q'], { cwd, env });
    await fixture.server.waitForRequests(1);
    // The program prints nothing when the matching begins, so the test waits. A signal before the matching would end any
    // run, and prove nothing.
    setTimeout(() => child.kill('SIGINT'), 300);
    expect(await result).toMatchObject({ signal: 'SIGINT', stdout: '' });
  }, 9000);
});
