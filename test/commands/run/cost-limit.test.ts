import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, startBoticelli, startShell } from '../../helpers/boticelli.js';
import { createChunk, createGate, formatSseEvent, packetReply, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const price = '[providers.gemini.prices."my-model"]\ninput = 100\noutput = 1000\n';

/**
 * A folder with a narrative of four acts. By default, its settings have a price at which each reply (1000 tokens in, 400
 * out) costs half a dollar. `run` runs the narrative, and runs it again if the arguments contain `four.toml` too.
 */
function setup(settings = price, head = 'model = "my-model"') {
  const cwd = createTemporaryFolder(onTestFinished, {
    'four.toml': buildNarrative(4, head),
    'boticelli.toml': settings,
  });
  const options = { cwd, server, env: { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' } };
  server.setDefaultReply(
    textReply('a reply', {
      usage: { promptTokenCount: 1000, candidatesTokenCount: 300, thoughtsTokenCount: 100, totalTokenCount: 1400 },
    }),
  );
  return { cwd, options, run: (...args: string[]) => runInProcess(['run', 'four.toml', ...args], options) };
}

describe('the cost of a run', () => {
  test('is reported per act and in total, with thoughts billed as output; reused replies are free', async () => {
    const { run, options } = setup();
    const { stdout, stderr } = await run('-o', 'json');
    const { acts, costUsd } = JSON.parse(stdout);
    expect(acts.map((act: { costUsd: number }) => act.costUsd)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(costUsd).toBe(2);
    expect(stderr).toMatch(/^act_1: my-model · 1,000 tokens in, 300 out, 100 thinking · \d\.\d s · \$0\.50$/m);
    expect(stderr).toMatch(/^completed: 4 acts, 5,600 tokens, \d\.\d s, \$2\.00/m);
    const resumed = await run('--resume', '-o', 'ndjson');
    expect(parseEvents(resumed.stdout, 'act-end').map((end) => end.costUsd)).toEqual([0, 0, 0, 0]);
    expect(parseEvents(resumed.stdout, 'narrative-end')).toMatchObject([{ costUsd: 0 }]);
    const { runs } = JSON.parse((await runInProcess(['runs', '--format', 'json'], options)).stdout);
    expect(runs.map((each: { costUsd: number }) => each.costUsd)).toEqual([0, 2]);
    expect((await runInProcess(['runs'], options)).stdout).toMatch(
      / done {3}cost {2}outcome\n.* 4\/4 {2}\$0\.00 {2}completed\n.* \$2\.00 /,
    );
    expect((await runInProcess(['runs', 'show', runs[1].run], options)).stdout).toContain(
      '4,000 tokens in, 1,600 out · $2.00',
    );
  });

  test('is not reported if the price is unknown', async () => {
    const { run } = setup('');
    const { stdout } = await run('-o', 'json');
    expect(stdout).not.toContain('costUsd');
  });
});

describe('the cost of an unusable reply', () => {
  const usage = { promptTokenCount: 1000, candidatesTokenCount: 300, thoughtsTokenCount: 100, totalTokenCount: 1400 };
  const jsonAct = 'act_1 = { format = "json", input = [{ type = "text", content = "Who?" }] }';
  const paidOnce = { promptTokens: 1000, outputTokens: 300, thoughtTokens: 100, totalTokens: 1400 };
  const paidTwice = { promptTokens: 2000, outputTokens: 600, thoughtTokens: 200, totalTokens: 2800 };

  test.each([[[]], [['--stream']]])(
    'is in the totals of a run if both attempts return invalid JSON: %j',
    async (flags) => {
      const { run, cwd, options } = setup();
      const jsonNarrative = buildNarrative(1, 'model = "my-model"').replace(/act_1 = .*/, jsonAct);
      writeFileSync(join(cwd, 'four.toml'), jsonNarrative);
      const { code, stdout, stderr } = await run('-o', 'json', '--verbose', ...flags);
      expect(code).toBe(76);
      expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', acts: [], usage: paidTwice, costUsd: 1 });
      expect(stderr).toMatch(/^failed: 0 of 1 act, 2,800 tokens, \d\.\d s, \$1\.00$/m);
      const output = (await runInProcess(['runs', 'show'], options)).stdout;
      expect(output).toContain('2 requests · 2,000 tokens in, 800 out · $1.00');
    },
  );

  test('is in the totals if the reply of the second act is blocked, empty or only thoughts', async () => {
    for (const finishReason of ['SAFETY', 'STOP', 'MAX_TOKENS']) {
      const { run, options } = setup();
      server.queueReplies(textReply('a reply', { usage }), textReply('', { usage, finishReason }));
      const { code, stdout } = await run('-o', 'ndjson');
      expect({ code, ends: parseEvents(stdout, 'act-end') }).toMatchObject({ code: 76, ends: [{ usage: paidOnce }] });
      expect(parseEvents(stdout, 'narrative-end')).toMatchObject([{ status: 'failed', usage: paidTwice, costUsd: 1 }]);
      const { runs } = JSON.parse((await runInProcess(['runs', '--format', 'json'], options)).stdout);
      expect(runs).toMatchObject([{ usage: paidTwice, costUsd: 1, actsEnded: 1 }]);
    }
  });

  test('is added to the cost of its act if another attempt succeeds', async () => {
    const { run } = setup();
    const broken = { ...textReply(['a', ' re'], { usage, finishReason: null }), end: 'destroy' as const };
    server.queueReplies(broken, textReply('a reply', { usage }));
    const { stdout } = await run('-o', 'ndjson', '--stream');
    const [first, second] = parseEvents(stdout, 'act-end');
    expect([first, second]).toMatchObject([
      { attempts: 2, usage: paidTwice, costUsd: 1 },
      { attempts: 1, usage: paidOnce, costUsd: 0.5 },
    ]);
    expect(parseEvents(stdout, 'narrative-end')).toMatchObject([{ costUsd: 2.5 }]);
  });

  test('counts towards --max-cost', async () => {
    const { run } = setup();
    server.queueReplies(textReply('', { usage }));
    const { stdout, stderr } = await run('four.toml', '--max-cost', '0.9', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      { costUsd: 0.5, error: { code: 'empty_reply' } },
      { costUsd: 0.5, error: { code: 'budget_exceeded', act: 'act_2' } },
    ]);
    expect(stderr).toContain('$1.00 of --max-cost $0.9 is spent');
    expect(server.generateRequests).toHaveLength(2);
  });
});

describe('a service that does not count tokens', () => {
  /** A reply without token counts, in one body. */
  const uncountedReply = { body: { ...createChunk('a reply', 'STOP'), usageMetadata: { trafficType: 'ON_DEMAND' } } };

  test.each([[[]], [['--stream']]])('makes usage and cost unknown, not 0: %j', async (flags) => {
    const { run, options } = setup();
    server.setDefaultReply(flags.length > 0 ? packetReply(formatSseEvent(uncountedReply.body)) : uncountedReply);
    const { code, stdout, stderr } = await run('-o', 'json', ...flags);
    const { acts, usage, ...document } = JSON.parse(stdout);
    expect({ code, usage, act: acts[0].usage }).toEqual({ code: 0, usage: {}, act: {} });
    expect([acts[0], document].filter((each) => 'costUsd' in each)).toEqual([]);
    expect(stderr).toMatch(/^act_1: my-model · unknown token count · [^$]*\d\.\d s( total)?$/m);
    expect(stderr).toMatch(/^completed: 4 acts, unknown token count, \d\.\d s$/m);
    const shown = (await runInProcess(['runs', 'show'], options)).stdout;
    expect(shown).toContain('4 requests · unknown token count\n');
  });

  test('does not disable --max-cost, because the estimated cost of each received reply counts as spent', async () => {
    const { run } = setup();
    server.setDefaultReply(uncountedReply);
    // A reply without token counts is assumed to have at least 400 tokens, which cost $0.40. A prompt costs nearly nothing.
    // Without max_tokens, only the prompt is estimated before a request. So the third request is sent when $0.80 is
    // spent, and the fourth is not sent because $1.20 is spent.
    const { code, stderr } = await run('--max-cost', '1');
    expect({ code, sent: server.generateRequests.length }).toEqual({ code: 75, sent: 3 });
    expect(stderr).toContain('$1.20 of --max-cost $1.00 is spent');
  });
});

test('cached tokens have their own price', async () => {
  const { run } = setup(`${price}cached_input = 10\n`);
  const usage = {
    promptTokenCount: 1000,
    cachedContentTokenCount: 900,
    candidatesTokenCount: 1,
    totalTokenCount: 1001,
  };
  server.queueReplies(textReply('a reply', { usage }));
  const { stdout, stderr } = await run('-o', 'json');
  expect(JSON.parse(stdout).acts[0]).toMatchObject({ usage: { promptTokens: 1000, cachedTokens: 900 }, costUsd: 0.02 });
  expect(stderr).toContain('act_1: my-model · 1,000 tokens in (900 cached), 1 out · ');
});

describe('--max-cost', () => {
  test('stops the run before the call that would exceed it, and --resume with a higher limit finishes the run', async () => {
    const { run, options } = setup();
    const stopped = await run('--max-cost', '1', '-o', 'json');
    expect(stopped.code).toBe(75);
    expect(server.generateRequests).toHaveLength(2);
    const { acts, error, costUsd } = JSON.parse(stopped.stdout);
    expect({ acts: acts.length, costUsd }).toEqual({ acts: 2, costUsd: 1 });
    expect(error).toMatchObject({ code: 'budget_exceeded', act: 'act_3' });
    const [, command = ''] = /Resume with: (.*)$/m.exec(stopped.stderr) ?? [];
    expect(command).toBe('boticelli run four.toml --max-cost 1 -o json --resume');
    const finished = await startShell(command.replace('--max-cost 1', '--max-cost 5').replace('-o json', ''), options)
      .result;
    expect(finished).toMatchObject({ code: 0, stdout: 'a reply\n\na reply\n\na reply\n\na reply\n' });
    expect(server.generateRequests).toHaveLength(4);
  });

  test('limits all narratives of a command together', async () => {
    const { run } = setup();
    const { code, stdout, stderr } = await run('four.toml', '--max-cost', '3', '-o', 'json');
    expect(code).toBe(75);
    expect(server.generateRequests).toHaveLength(6);
    expect(JSON.parse(stdout)).toMatchObject([
      { status: 'completed', costUsd: 2 },
      { status: 'failed', costUsd: 1, error: { code: 'budget_exceeded', act: 'act_3' } },
    ]);
    expect(stderr).toContain('$3.00 of --max-cost $3.00 is spent\n');
  });

  test('counts the running requests of parallel narratives at their estimated cost', async () => {
    const { options } = setup();
    const gate = createGate();
    server.setDefaultReply(textReply('a reply', { gate }));
    const args = ['run', 'four.toml', 'four.toml', '-j', '2', '--last', '--max-tokens', '400'];
    const running = startBoticelli([...args, '--max-cost', '0.6'], options);
    await running.waitForOutput('running requests', 'stderr');
    gate.releaseAll();
    const { code, stderr } = await running.result;
    expect(code).toBe(75);
    expect(stderr).toMatch(/; \$0\.00 of --max-cost \$0\.6 is spent, and running requests may cost \$0\.4$/m);
    expect(stderr).toContain('2 narratives: 1 completed, 1 failed\n');
    expect(server.generateRequests).toHaveLength(4);
  });

  test('assumes that a reply is as long as max_tokens allows, and so may stop the first request', async () => {
    const { run } = setup();
    const { code, stderr, stdout } = await run('--max-cost', '0.5', '--max-tokens', '501', '--stream');
    expect({ code, stdout }).toEqual({ code: 75, stdout: '' });
    expect(stderr).toMatch(
      /act_1: a request to my-model may cost \$0\.501 with a reply of 501 tokens \(max_tokens\); \$0\.00 of/,
    );
    expect(server.generateRequests).toEqual([]);
  });

  test('sends nothing if the model or a fallback has no known price, and says how to set the price', async () => {
    for (const [settings, flags, model] of [
      ['', [], 'my-model'],
      [price, ['--fallback', 'other'], 'other'],
    ] as const) {
      const { run } = setup(settings);
      const { code, stderr } = await run('--max-cost', '1', ...flags);
      expect(code).toBe(78);
      expect(stderr).toContain(`no known price for ${model}, and --max-cost needs one`);
      expect(stderr).toContain(`[providers.gemini.prices."${model}"]`);
    }
    expect(server.generateRequests).toEqual([]);
  });

  test('accepts the default model, whose price is built in, and is ignored in a rehearsal', async () => {
    const { run } = setup('', '');
    expect(await run('--max-cost', '1')).toMatchObject({ code: 0 });
    expect(await run('--max-cost', '0.01', '--rehearse', '-m', 'who-knows')).toMatchObject({ code: 0 });
  });
});

test('reports errors in prices at their lines', async () => {
  const prices = ['input = -1\noutput = 1', 'input = "1"\noutput = 1', 'input = 1', 'input = 1\noutput = 1\nimage = 2'];
  const tables = prices.map((lines, index) => `[providers.gemini.prices.model-${index}]\n${lines}\n`);
  const { code, stderr } = await setup(
    `${tables.join('')}[providers.gemini.prices."no model"]\ninput = 1\noutput = 1\n`,
  ).run();
  expect(code).toBe(78);
  const matches = [...stderr.matchAll(/^boticelli\.toml:(\d+):.*?(input|output|image|no model)/gm)].map((found) =>
    found.slice(1),
  );
  expect(matches).toEqual([
    ['2', 'input'],
    ['5', 'input'],
    ['7', 'output'],
    ['12', 'image'],
    ['13', 'no model'],
  ]);
});

describe('check --estimate', () => {
  const estimate = async (cwd: string, ...args: string[]) => {
    const env = { BOTICELLI_STATE_DIR: join(cwd, 'state') };
    return runInProcess(['check', 'four.toml', '--estimate', ...args], { cwd, env });
  };

  test('shows requests, tokens, cost and when the daily quota is used up, without network or key', async () => {
    const limits = '[providers.gemini.tiers.free]\nrpm = 3\nrpd = 3\n';
    const { cwd } = setup(price, 'model = "my-model"\nmax_tokens = 100');
    const { code, stdout, stderr } = await estimate(cwd);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      'four.toml: ok, 4 acts\n  4 requests, about 626 tokens in, 400 out, about $0.46 if billed\n',
    );
    writeFileSync(join(cwd, 'boticelli.toml'), price + limits);
    const [file] = JSON.parse((await estimate(cwd, '--format', 'json')).stdout).files;
    // `guessedReplies` counts the requests whose reply length is guessed, because they have no `max_tokens`.
    expect(file.estimate).toMatchObject({
      ...{ requests: 4, promptTokens: 626, outputTokens: 400, guessedReplies: 0 },
      costUsd: (626 * 100 + 400 * 1000) / 1e6,
      closed: { model: 'my-model', afterRequests: 3, until: expect.stringMatching(/^20.*Z$/) },
      models: [{ model: 'my-model', requests: 4 }],
    });
    expect((await estimate(cwd)).stdout).toContain(
      'after 3 requests the daily quota of my-model is used up and resets ',
    );
  });

  test('shows how long the run would wait because of earlier requests, reserves nothing, and says which reply length it assumes', async () => {
    const settings = `${price}[providers.gemini.tiers.free]\nrpm = 4\n`;
    const { cwd, options } = setup(settings);
    expect((await estimate(cwd)).stdout).toContain('no wait for quota');
    // Without GEMINI_TIER, the run has the free tier and its limit in the settings.
    const env = { BOTICELLI_STATE_DIR: join(cwd, 'state') };
    await runInProcess(['run', 'four.toml'], { ...options, env });
    // Quota belongs to a key, so only an estimate with the key of the run counts the requests of the run. The option
    // `server` sets this key.
    const estimateWithKey = () => runInProcess(['check', 'four.toml', '--estimate'], { cwd, server, env });
    expect((await estimateWithKey()).stdout).toMatch(/\n {2}(\d+ s|1 min \d s) wait for quota/);
    // The first estimate has reserved nothing, so the wait in the second one is not longer.
    expect((await estimateWithKey()).stdout).toMatch(/\n {2}(\d+ s|1 min \d s) wait for quota/);
    expect((await estimateWithKey()).stdout).toContain(
      'assumes 400 tokens for a reply without max_tokens (4 of 4 requests)',
    );
  });
});
