import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dayQuotaError } from '../../helpers/gemini/errors.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { parseEvents } from '../quota-fixture.js';
import { createRecordingFixture } from '../recording-fixture.js';

describe('a replay of a recorded narrative', () => {
  test.each([
    ['recorded without --stream', []],
    ['recorded with --stream', ['--stream']],
  ])(
    'needs no network and no key, writes nothing to the home or state folder, and prints and exits as the recorded run did: %s',
    async (_, flags) => {
      const { server, record, runIsolated, home, state } = await createRecordingFixture(onTestFinished);
      server.queueReplies(textReply(['One ', 'word,\n', '\nand \ud83d\ude00 more  ']), textReply('two\n\n'));
      const recorded = await record('two.toml', ...flags);
      expect(recorded).toMatchObject({ code: 0, stdout: expect.stringContaining('\ud83d\ude00 more') });
      for (const flag of ['', '--stream']) {
        const { code, stdout, stderr } = await runIsolated(`two.toml ${flag} --replay answers.ndjson`);
        expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: recorded.stdout });
      }
      expect(server.generateRequests).toHaveLength(2);
      expect(readdirSync(home)).toEqual([]);
      expect(existsSync(state)).toBe(false);
    },
  );

  test('with --strict, ends at a truncated reply as the recorded run did', async () => {
    const { server, record, replay } = await createRecordingFixture(onTestFinished);
    server.queueReplies(textReply('whole'), textReply('half', { finishReason: 'MAX_TOKENS' }));
    const recorded = await record('two.toml', '--strict');
    expect(recorded.code).toBe(76);
    expect(await replay('two.toml', '--strict')).toMatchObject({ code: 76, stdout: recorded.stdout });
    expect(await replay('two.toml')).toMatchObject({ code: 0, stdout: 'whole\n\nhalf\n' });
  });

  test('finds the reply of a fallback model by the request to the original model', async () => {
    const { server, record, replay } = await createRecordingFixture(onTestFinished);
    server.queueReplies(dayQuotaError('model-a'));
    const flags = ['two.toml', '-m', 'model-a', '--fallback', 'model-b'];
    const recorded = await record(...flags);
    expect(recorded.code).toBe(0);
    const replayed = await replay(...flags, '-o', 'json');
    const { acts, usage } = JSON.parse(replayed.stdout);
    expect(acts[0]).toMatchObject({ requestedModel: 'model-a', model: 'model-b', reused: true, attempts: 0 });
    expect(usage.totalTokens).toBe(0);
  });

  test('with --stream, prints a reply in pieces', async () => {
    const { server, record, replay } = await createRecordingFixture(onTestFinished);
    server.queueReplies(textReply('one two three four five six seven eight nine ten eleven twelve'));
    await record('two.toml');
    const { stdout } = await replay('two.toml', '--stream', '-o', 'ndjson');
    const deltas = parseEvents(stdout, 'act-delta').filter(({ act }) => act === 'act_1');
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map((delta) => delta.text).join('')).toBe(
      'one two three four five six seven eight nine ten eleven twelve',
    );
  });

  test('has separate replies for each round, and reports a round that was not recorded', async () => {
    const { server, record, replay, edit } = await createRecordingFixture(onTestFinished);
    edit('two.toml', '[toc]', '[toc]\ncarousel = 2');
    server.queueReplies(...['1', '2', '3', '4'].map((each) => textReply(each)));
    const recorded = await record('two.toml');
    expect((await replay('two.toml')).stdout).toBe(recorded.stdout);
    edit('two.toml', 'carousel = 2', 'carousel = 3');
    expect(await replay('two.toml')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining(
        'act_1: answers.ndjson has only 2 replies to this request, but the narrative sends the request once more',
      ),
    });
  });

  test('does not download media with a URL; the query of the URL is not recorded', async () => {
    const { server, cwd, record, replay } = await createRecordingFixture(onTestFinished);
    const url = `${server.url}/v1beta/models/gemini-3.8-flash?token=hidden`;
    const narrative = `[narrative]\nname="m"\n[toc]\norder=["a"]\n[acts.a]\n[[acts.a.input]]\ntype="document"\nurl="${url}"\nmime="text/plain"\n[[acts.a.input]]\ntype="text"\ncontent="What is it?"`;
    writeFileSync(join(cwd, 'media.toml'), narrative);
    const recorded = await record('media.toml');
    expect(recorded.code, recorded.stderr).toBe(0);
    const requests = server.requests.length;
    expect(await replay('media.toml')).toMatchObject({ code: 0, stdout: recorded.stdout });
    expect(server.requests).toHaveLength(requests);
    expect(readFileSync(join(cwd, 'answers.ndjson'), 'utf8')).not.toContain('hidden');
  });
});

describe('a request that is not in the recording', () => {
  test('ends the run with 66, and the error has the act and the words that differ', async () => {
    const { record, replay, edit } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    edit('two.toml', 'Question 2', 'Another question 2, please');
    const { code, stderr, stdout } = await replay('two.toml', '-o', 'json');
    expect(code).toBe(66);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'not_recorded', act: 'act_2' } });
    expect(stderr).toContain(
      'act_2: answers.ndjson does not have this request. Compared with the most similar recorded request, this request ' +
        'differs in turn 3 of 3, the prompt:',
    );
    expect(stderr).toMatch(/\[-Question-\]\{\+Another question\+\} 2\{\+, please\+\}/);
    expect(stderr).toContain('--record answers.ndjson, or undo the change that made the request differ.');
  });

  test('is reported with what differs: an earlier turn, the system instruction or a parameter', async () => {
    const { record, replay, edit, lines, cwd } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    // The first reply in the file was edited, so the conversation differs from there on.
    const edited = lines().map((line) => line.replace('"text":"Reply 1 of', '"text":"Answer 1 of'));
    writeFileSync(join(cwd, 'answers.ndjson'), `${edited.join('\n')}\n`);
    const { stderr } = await replay('two.toml');
    expect(stderr).toContain('act_2: ');
    expect(stderr).toContain('this request differs in turn 2 of 3, a reply');
    edit('two.toml', '[toc]', 'temperature = 0.5\nsystem = "Be kind."\n[toc]');
    expect((await replay('two.toml')).stderr).toMatch(
      /this request differs in the system instruction: \{\+Be kind\.\+\}; and in the parameters: temperature was not set, now 0\.5/,
    );
  });

  test('ends the run with 66; if no recorded request is similar, the error says that the file may belong to another narrative', async () => {
    const { record, replay, cwd } = await createRecordingFixture(onTestFinished);
    await record('two.toml');
    const other = '[narrative]\nname="o"\n[toc]\norder=["a"]\n[acts]\na="Something wholly different"';
    writeFileSync(join(cwd, 'other.toml'), other);
    expect(await replay('other.toml')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining(
        'a: answers.ndjson has 2 replies, but none to this request or a similar one: the file may belong to another narrative',
      ),
    });
  });
});
