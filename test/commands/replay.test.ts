import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { boticelli, canaryKey, narrativeOf, shell, start, temporaryFolder } from '../helpers/boticelli.js';
import { dayQuotaUsed } from '../helpers/gemini-errors.js';
import { text } from '../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { eventsIn } from './quota-stage.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

/** Whether a process can be had that has no network at all. */
const hasNamespaces = spawnSync('unshare', ['--net', 'true']).status === 0;

/** A folder with narratives; `record` has the server and a key, `replay` has neither, nor anything in its home. */
function rig() {
  const cwd = temporaryFolder(onTestFinished, { 'two.toml': narrativeOf(2), 'eight.toml': narrativeOf(8) });
  const [home, state] = [join(cwd, 'home'), join(cwd, 'no-state')];
  mkdirSync(home);
  const alone = { HOME: home, BOTICELLI_STATE_DIR: state, GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' };
  return {
    ...{ cwd, home, state },
    record: (...args: string[]) =>
      boticelli(['run', ...args, '--record', 'answers.ndjson'], { cwd, server, env: { GEMINI_TIER: 'tier_1' } }),
    replay: (...args: string[]) => boticelli(['run', ...args, '--replay', 'answers.ndjson'], { cwd, env: alone }),
    isolated: (args: string) =>
      shell(`${hasNamespaces ? 'export -f boticelli; unshare --net bash -c' : 'eval'} 'boticelli run ${args}'`, {
        cwd,
        env: alone,
      }).ended,
    lines: () => readFileSync(join(cwd, 'answers.ndjson'), 'utf8').split('\n').slice(0, -1),
    edit(file: string, from: string, to: string) {
      const path = join(cwd, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    },
  };
}
const overload = { status: 400, body: { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } } };

describe('a recorded narrative is replayed without network, key or anything in the home', () => {
  test.each([
    ['blocking calls', []],
    ['streams', ['--stream']],
  ])('with the same bytes on standard output and the same exit code: %s', async (_, flags) => {
    const { record, isolated, home, state } = rig();
    server.reply(text(['Ein ', 'Wort,\n', '\nund \ud83d\ude00 mehr  ']), text('zwei\n\n'));
    const recorded = await record('two.toml', ...flags);
    expect(recorded).toMatchObject({ code: 0, stdout: expect.stringContaining('\ud83d\ude00 mehr') });
    for (const way of ['', '--stream']) {
      const { code, stdout, stderr } = await isolated(`two.toml ${way} --replay answers.ndjson`);
      expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: recorded.stdout });
    }
    expect(server.calls).toHaveLength(2);
    expect(readdirSync(home)).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });

  test('a reply that was cut short ends the replay as it ended the run', async () => {
    const { record, replay } = rig();
    server.reply(text('whole'), text('half', { finishReason: 'MAX_TOKENS' }));
    const recorded = await record('two.toml', '--strict');
    expect(recorded.code).toBe(76);
    expect(await replay('two.toml', '--strict')).toMatchObject({ code: 76, stdout: recorded.stdout });
    expect(await replay('two.toml')).toMatchObject({ code: 0, stdout: 'whole\n\nhalf\n' });
  });

  test('what a fallback gave is replayed under the request that was asked', async () => {
    const { record, replay } = rig();
    server.reply(dayQuotaUsed('model-a'));
    const flags = ['two.toml', '-m', 'model-a', '--fallback', 'model-b'];
    const recorded = await record(...flags);
    expect(recorded.code).toBe(0);
    const replayed = await replay(...flags, '-o', 'json');
    const { acts, usage } = JSON.parse(replayed.stdout);
    expect(acts[0]).toMatchObject({ requestedModel: 'model-a', model: 'model-b', reused: true, attempts: 0 });
    expect(usage.totalTokens).toBe(0);
  });

  test('streams come in pieces', async () => {
    const { record, replay } = rig();
    server.reply(text('one two three four five six seven eight nine ten eleven twelve'));
    await record('two.toml');
    const { stdout } = await replay('two.toml', '--stream', '-o', 'ndjson');
    const deltas = eventsIn(stdout, 'act-delta').filter(({ act }) => act === 'act_1');
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map((delta) => delta.text).join('')).toBe(
      'one two three four five six seven eight nine ten eleven twelve',
    );
  });

  test('each round of a carousel has its own answers', async () => {
    const { record, replay, edit } = rig();
    edit('two.toml', '[toc]', '[toc]\ncarousel = 2');
    server.reply(...['1', '2', '3', '4'].map((each) => text(each)));
    const recorded = await record('two.toml');
    expect((await replay('two.toml')).stdout).toBe(recorded.stdout);
    edit('two.toml', 'carousel = 2', 'carousel = 3');
    expect(await replay('two.toml')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('act_1: answers.ndjson has 2 answers to this request, which came once more'),
    });
  });

  test('a medium by its address is known by that, and fetched by nobody', async () => {
    const { cwd, record, replay } = rig();
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
  test('fails with 66, names the act, and shows the words that differ', async () => {
    const { record, replay, edit } = rig();
    await record('two.toml');
    edit('two.toml', 'Question 2', 'Another question 2, please');
    const { code, stderr, stdout } = await replay('two.toml', '-o', 'json');
    expect(code).toBe(66);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'not_recorded', act: 'act_2' } });
    expect(stderr).toContain(
      'act_2: answers.ndjson does not have this request; from the nearest one it differs in turn 3 of 3, the prompt:',
    );
    expect(stderr).toMatch(/\[-Question-\]\{\+Another question\+\} 2\{\+, please\+\}/);
    expect(stderr).toContain('Record it with --record answers.ndjson');
  });

  test('tells of the turn before it that differs', async () => {
    const { record, replay, edit, lines, cwd } = rig();
    await record('two.toml');
    // Somebody wrote another first reply into the file: from there on the conversation is another one.
    const edited = lines().map((line) => line.replace('"text":"Reply 1 of', '"text":"Answer 1 of'));
    writeFileSync(join(cwd, 'answers.ndjson'), `${edited.join('\n')}\n`);
    const { stderr } = await replay('two.toml');
    expect(stderr).toContain('act_2: ');
    expect(stderr).toContain('differs in turn 2 of 3, a reply');
    edit('two.toml', '[toc]', 'temperature = 0.5\nsystem = "Be kind."\n[toc]');
    expect((await replay('two.toml')).stderr).toMatch(
      /differs in the system text: \{\+Be kind\.\+\}; and in the parameters: temperature was not set, now 0\.5/,
    );
  });

  test('of another narrative altogether says so', async () => {
    const { record, replay, cwd } = rig();
    await record('two.toml');
    const other = '[narrative]\nname="o"\n[toc]\norder=["a"]\n[acts]\na="Something wholly different"';
    writeFileSync(join(cwd, 'other.toml'), other);
    expect(await replay('other.toml')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining(
        'a: answers.ndjson does not have this request, and none of its 2 answers is to anything like it: it seems to be of another narrative',
      ),
    });
  });
});

describe('the file', () => {
  test('has an answer a line, in words, without the key, and is in its order', async () => {
    const { record, lines } = rig();
    await record('two.toml');
    const answers = lines().map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { occurrence: 0, request: { after: [], asked: [{ text: 'Question 1' }] }, reply: { finishReason: 'STOP' } },
      { occurrence: 0, request: { after: [expect.any(String), expect.any(String)], asked: [{ text: 'Question 2' }] } },
    ]);
    expect(Object.keys(answers[0])).toEqual(['key', 'occurrence', 'request', 'reply']);
    expect(lines().join()).not.toContain(canaryKey);
  });

  test('changes little where a narrative is recorded anew: lines stay where they are, and none is left over', async () => {
    const { record, replay, lines, edit } = rig();
    await record('eight.toml');
    const before = lines();
    await record('eight.toml');
    expect(lines()).toEqual(before);
    server.reply(text('another first reply'));
    await record('eight.toml');
    const prompts = (all: string[]) => all.map((line) => JSON.parse(line).request.asked[0].text);
    expect(prompts(lines())).toEqual(prompts(before));
    expect((await replay('eight.toml')).stdout).toMatch(/^another first reply\n/);
    edit('eight.toml', 'Question 5', 'Other question 5');
    const unedited = lines();
    const { code } = await record('eight.toml');
    expect(code).toBe(0);
    expect(lines().filter((line) => !unedited.includes(line)).length).toBeLessThanOrEqual(8);
    expect(await replay('eight.toml')).toMatchObject({ code: 0 });
  });

  test('is added to by another narrative', async () => {
    const { cwd, record, replay, lines } = rig();
    writeFileSync(join(cwd, 'other.toml'), narrativeOf(2, 'system = "other"'));
    await record('two.toml');
    await record('other.toml');
    expect(lines()).toHaveLength(4);
    for (const file of ['two.toml', 'other.toml']) expect(await replay(file)).toMatchObject({ code: 0 });
  });

  test('has what a run had until it failed, and with --resume all of it', async () => {
    const { cwd, lines } = rig();
    const surroundings = { cwd, server, env: { GEMINI_TIER: 'tier_1', BOTICELLI_STATE_DIR: join(cwd, 'state') } };
    server.reply(text('one'), overload);
    const failed = await boticelli(['run', 'two.toml', '--record', 'answers.ndjson'], surroundings);
    expect(failed.code).toBe(69);
    expect(lines()).toHaveLength(1);
    const again = await boticelli(['run', 'two.toml', '--resume', '--record', 'new.ndjson'], surroundings);
    expect(again.code).toBe(0);
    expect(readFileSync(join(cwd, 'new.ndjson'), 'utf8').split('\n')).toHaveLength(3);
  });

  test('is whole up to its last line where the run was killed, and a recording goes on from there', async () => {
    const { cwd, record, replay, lines } = rig();
    server.reply(text('one'), { end: 'stall-before-headers' });
    const running = start(['run', 'two.toml', '--record', 'answers.ndjson'], { cwd, server });
    await server.received(2);
    running.child.kill('SIGKILL');
    await running.ended;
    expect(lines()).toHaveLength(1);
    appendFileSync(join(cwd, 'answers.ndjson'), '{"key":"half a li');
    expect(await replay('two.toml')).toMatchObject({ code: 66, stdout: 'one\n' });
    server.reply(text('one'));
    await record('two.toml');
    expect(lines()).toHaveLength(2);
    expect(await replay('two.toml')).toMatchObject({ code: 0 });
  });
});

describe('bad input', () => {
  test('a broken line is named, and nothing is sent or changed', async () => {
    const { cwd, record, replay } = rig();
    await record('two.toml');
    const path = join(cwd, 'answers.ndjson');
    for (const [line, words] of [
      ['<<<<<<< ours', 'answers.ndjson:3: this line is no JSON'],
      ['{"key":1}', 'answers.ndjson:3: this line is no recorded answer: key is not as it should be'],
    ] as const) {
      const broken = `${readFileSync(path, 'utf8').split('\n').slice(0, 2).join('\n')}\n${line}\n`;
      writeFileSync(path, broken);
      for (const play of [replay, record]) {
        expect(await play('two.toml')).toMatchObject({ code: 66, stderr: expect.stringContaining(words) });
      }
      expect(readFileSync(path, 'utf8')).toBe(broken);
    }
    expect(server.calls).toHaveLength(2);
  });

  test('a file that is not there, a folder, a file that is no recording', async () => {
    const { cwd, replay } = rig();
    expect(await replay('two.toml')).toMatchObject({ code: 66, stderr: expect.stringContaining('does not exist') });
    const toml = readFileSync(join(cwd, 'two.toml'), 'utf8');
    const onto = (file: string) => boticelli(['run', 'two.toml', '--record', file], { cwd, server });
    expect(await onto('two.toml')).toMatchObject({ code: 66 });
    expect(readFileSync(join(cwd, 'two.toml'), 'utf8')).toBe(toml);
    for (const file of ['.', 'no/such/folder.ndjson', '/dev/full']) {
      expect(await onto(file)).toMatchObject({ code: 74, stderr: expect.stringContaining("can't write") });
    }
    expect(server.calls).toEqual([]);
  });

  test('a full disk ends the run with 74, and the reply before it is in the file', async () => {
    const { cwd, lines } = rig();
    server.replyAlways(text('a long reply '.repeat(300)));
    // A shell's limit on the size of files is as good as a full disk.
    const script = 'ulimit -f 8; trap "" XFSZ; boticelli run eight.toml --quiet --record answers.ndjson';
    const { code, stderr } = await shell(script, { cwd, server, env: { GEMINI_TIER: 'tier_1' } }).ended;
    expect(code, stderr).toBe(74);
    expect(stderr).toMatch(/boticelli: act_\d: can't write answers\.ndjson: /);
    expect(lines().length).toBeGreaterThan(0);
  });

  test.each([
    [['--record', 'a', '--replay', 'b'], '--record and --replay do not go together'],
    [['--replay', 'b', '--resume'], '--replay and --resume do not go together'],
    [['--replay', 'b', '--rehearse'], '--replay and --rehearse do not go together'],
    [['--record', 'a', '--rehearse'], '--record and --rehearse do not go together'],
  ])('%j is a fault of usage', async (flags, words) => {
    const { cwd } = rig();
    const { code, stderr } = await boticelli(['run', 'two.toml', ...flags], { cwd, server });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, 'a'))).toBe(false);
  });

  test('a run that has no reply leaves no file behind', async () => {
    const { cwd, record } = rig();
    server.replyAlways(overload);
    expect(await record('two.toml')).toMatchObject({ code: 69 });
    expect(existsSync(join(cwd, 'answers.ndjson'))).toBe(false);
  });
});
