import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  bin,
  canaryKey,
  createTemporaryFolder,
  startBoticelli,
  startInTerminal,
  startShell,
} from '../../helpers/boticelli.js';
import { invalidKeyError, minuteQuotaError, overloadedError } from '../../helpers/gemini/errors.js';
import { listedModel } from '../../helpers/gemini/models.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { createModelsFixture, extractTableRows } from '../models-fixture.js';

const createFixture = (options?: Parameters<typeof createModelsFixture>[1]) =>
  createModelsFixture(onTestFinished, options);
const getModelNames = (document: { models: { model: string }[] }) => document.models.map(({ model }) => model);

describe('the list', () => {
  test('contains all 120 models of three pages, each with the API that it supports', async () => {
    const { runBin, server } = await createFixture();
    const { code, stdout, stderr } = await runBin(['models']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(extractTableRows(stdout)).toHaveLength(120);
    expect(stdout).toMatch(/^Service: 127\.0\.0\.1:\d+\nListed: .*\nTier: free\nModels: 120\n\nmodel +API +input/);
    expect(stdout).toMatch(
      /^gemini-3\.8-flash +generate, stream +1,048,576 +65,536 +~5\/min, ~20\/day; \$0\.75 in \(/m,
    );
    expect(stdout).toMatch(
      /^gemini-3\.8-live +Live only +1,048,576 +65,536 +~3 concurrent; \$0\.75 in, \$4\.5 out, .*\$12 audio out/m,
    );
    expect(stdout).toMatch(/^gemini-both-apis +REST and Live +/m);
    expect(stdout).toMatch(/^veo-3\.1-generate-001 +not supported +480$/m);
    expect(stdout).toMatch(/^gemini-3\.1-flash-tts-preview +generate, stream /m);
    expect(stdout).toMatch(/^gemini-2\.5-pro +generate, stream .*; (retires|retirement was due) on 2026-12-01; \$/m);
    expect(server.requests.map(({ path }) => new URL(path, server.url).searchParams.get('pageToken'))).toEqual([
      null,
      '50',
      '100',
    ]);
  });

  test('has the same content in json, with what the service says about each model', async () => {
    const { readDocument, server } = await createFixture();
    const list = await readDocument();
    // `windowMs` is the period to which the per-minute limits of the models apply.
    expect(list).toMatchObject({ service: `127.0.0.1:${server.port}`, tier: 'free', windowMs: 60_000, count: 120 });
    expect(list.listedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(list.models).toHaveLength(120);
    const byName = (name: string) => list.models.find(({ model }: { model: string }) => model === name);
    expect(byName('gemini-3.8-live')).toEqual({
      model: 'gemini-3.8-live',
      displayName: 'gemini-3.8-live',
      description: 'A model on the last page.',
      methods: ['bidiGenerateContent', 'countTokens'],
      // The APIs over which the model can be used.
      reach: { generate: false, stream: false, live: true },
      countsTokens: true,
      ...{ inputTokens: 1_048_576, outputTokens: 65_536 },
      // `whole` is the limit before `[budget]` reduces it.
      limits: { maxConcurrent: { value: 3, whole: 3, source: 'built-in' } },
      price: {
        ...{ input: 0.75, output: 4.5 },
        inputByModality: { AUDIO: 3, IMAGE: 1, VIDEO: 1 },
        outputByModality: { AUDIO: 12 },
        searchFee: { usd: 0.014, per: 'query' },
      },
    });
    expect(byName('gemini-both-apis').reach).toEqual({ generate: true, stream: true, live: true });
    expect(byName('gemini-2.5-flash')).toMatchObject({ retires: '2026-12-01' });
    expect(byName('veo-3.1-generate-001')).not.toHaveProperty('limits');
    expect(byName('veo-3.1-generate-001')).not.toHaveProperty('outputTokens');
  });

  test('can be filtered by --live and by a text in names or descriptions', async () => {
    const { readDocument, runModels } = await createFixture();
    const live = getModelNames(await readDocument(['--live']));
    expect(live).toHaveLength(10);
    expect(live).toEqual(expect.arrayContaining(['gemini-3.8-live', 'gemini-both-apis', 'gemini-talk']));
    expect(getModelNames(await readDocument(['--search', 'FLASH-lite']))).toEqual([
      'gemini-flash-lite-latest',
      'gemini-3.5-flash-lite',
      'gemini-3.1-flash-lite',
      'gemini-2.5-flash-lite',
    ]);
    expect(getModelNames(await readDocument(['--search', 'live model without']))).toEqual(['gemini-talk']);
    expect(getModelNames(await readDocument(['--search', 'last page', '--live']))).toHaveLength(8);
    const nothing = await runModels(['--search', 'mistral']);
    expect(nothing).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/\nModels: 0 of 120\n$/) });
  });

  test('shows the quota from settings, learned limits, and what an alias stands for', async () => {
    const settings = '[providers.gemini.tiers.free]\nrpm = 30\n[budget]\nrpm_multiplier = 0.5\n';
    const { server, runModels, readDocument, run } = await createFixture({ settings });
    server.queueReplies(
      minuteQuotaError('gemini-3.8-flash', { limit: '12' }),
      textReply(['Hi'], { modelVersion: 'gemini-3.5-flash' }),
    );
    await run('gemini-3.8-flash');
    await run('gemini-flash-latest');
    const { stdout } = await runModels();
    expect(stdout).toMatch(/^gemini-3\.8-flash .* {2}6\/min; /m);
    expect(stdout).toMatch(/^gemini-3\.7-flash .* {2}15\/min; /m);
    expect(stdout).toMatch(/^gemini-flash-latest .* {2}15\/min; alias of gemini-3\.5-flash; thinking /m);
    expect(stdout).not.toContain('~');
    // `whole` is the limit before `[budget]` reduces it.
    const [learned] = (await readDocument(['--search', 'gemini-3.8-flash'])).models;
    expect(learned.limits.rpm).toMatchObject({ value: 6, whole: 12, source: 'learned', learnedAt: expect.any(String) });
  });

  test('shows prices, thinking levels and the maximum tokens per request', async () => {
    const { runModels, readDocument } = await createFixture({
      models: [listedModel('gemini-4-neon'), listedModel('gemini-x')],
    });
    const { stdout } = await runModels();
    const price = '\\$3 in \\(\\$0\\.15 cached\\), \\$15 out';
    const thinking = 'thinking low, medium, high \\(default\\), xhigh';
    expect(stdout).toMatch(new RegExp(`^gemini-4-neon .*${price}; ${thinking}; 65,536 tokens per request$`, 'm'));
    expect(stdout).toMatch(/^gemini-x .*~5\/min$/m);
    expect(stdout).toMatch(/^prices are US dollars per million tokens on the paid tiers$/m);
    const [neon, unknown] = (await readDocument()).models;
    expect(neon).toMatchObject({
      price: { input: 3, output: 15, cachedInput: 0.15 },
      ...{ thinkingLevels: ['low', 'medium', 'high', 'xhigh'], defaultThinkingLevel: 'high' },
      maxTokensPerRequest: { streamed: 65_536, unary: 32_768 },
    });
    expect(unknown).not.toHaveProperty('price');
  });

  test('shows control characters from a server as symbols', async () => {
    const { runModels } = await createFixture({ models: [listedModel('evil\u001b[2J\u202e-model')] });
    const { stdout } = await runModels();
    expect(stdout).toContain('evil␛[2J�-model');
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('on a terminal', () => {
  test('fits every line into 80 columns, with long names and notes on lines of their own', async () => {
    const { server, state } = await createFixture();
    const run = startInTerminal(['models'], { server, env: { BOTICELLI_STATE_DIR: state } });
    await run.result;
    const lines = stripVTControlCharacters(run.stdout()).replaceAll('\r', '').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(extractTableRows(lines.join('\n'))).toHaveLength(120);
    const longNameIndex = lines.indexOf('gemini-2.5-flash-native-audio-preview-12-2025');
    expect(lines[longNameIndex + 1]).toMatch(/^ {20,}Live only +1,048,576 +65,536 {2}~3 concurrent$/);
    expect(lines[lines.findIndex((line) => line.startsWith('gemini-2.5-pro ')) + 1]).toMatch(
      /(retires|retirement was due) on/,
    );
    // The second cell of every row starts at the same column.
    const columns = extractTableRows(lines.join('\n')).map((line) =>
      line.search(/(generate, stream|REST and Live|Live only|not supported)/),
    );
    expect(new Set(columns).size).toBe(1);
  });

  test('prints a block of lines for each model instead of a table if the terminal is narrow', async () => {
    const { server, state, cwd } = await createFixture();
    const script = `script --quiet --return --command "stty cols 50; ${process.execPath} ${bin} models" /dev/null`;
    const env = { BOTICELLI_STATE_DIR: state, TERM: 'xterm', SHELL: '/bin/sh' };
    const { stdout } = await startShell(script, { server, cwd, env }).result;
    const screen = stripVTControlCharacters(stdout).replaceAll('\r', '');
    expect(screen).toContain('\ngemini-3.8-live\n  Live only\n  1,048,576 tokens in, 65,536 out\n  ~3 concurrent\n');
  });
});

describe('without a key', () => {
  const noKey = { GEMINI_API_KEY: '' };

  test('exits with 77 and says how to get a key', async () => {
    const fixture = await createFixture();
    const { code, stdout, stderr } = await fixture.runModels([], noKey);
    expect({ code, stdout, pages: fixture.pageRequests }).toEqual({ code: 77, stdout: '', pages: 0 });
    expect(stderr).toBe(
      'boticelli: no API key is set\n  Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey.\n',
    );
  });

  test('shows the newest cached list with a warning, but exits with 77 for --refresh', async () => {
    const fixture = await createFixture();
    await fixture.runModels();
    const { code, stdout, stderr } = await fixture.runModels([], noKey);
    expect({ code, count: extractTableRows(stdout).length }).toEqual({ code: 0, count: 120 });
    expect(stderr).toMatch(/^boticelli: warning: no API key is set: showing the newest cached list, fetched on .*\n$/);
    expect(await fixture.runModels(['--refresh'], noKey)).toMatchObject({ code: 77 });
    expect(fixture.pageRequests).toBe(3);
  });
});

describe('the command', () => {
  test.each([
    ['a rejected key', invalidKeyError(canaryKey), 77, /API key rejected/],
    ['an overloaded service', overloadedError(), 69, /overloaded/],
    ['a response that is not a list', { body: '<html>Log in</html>', status: 200 }, 69, /./],
  ])('reports %s, with the exit code of the error', async (_, reply, exit, message) => {
    const { runModels, server } = await createFixture();
    server.queueListReplies(reply);
    const { code, stdout, stderr } = await runModels();
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(canaryKey);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('does not cache a failure', async () => {
    const fixture = await createFixture();
    fixture.server.queueListReplies(
      { body: { models: [listedModel('first')], nextPageToken: '50' } },
      overloadedError(),
    );
    expect(await fixture.runModels()).toMatchObject({ code: 69 });
    expect(await fixture.readDocument()).toMatchObject({ count: 120 });
  });

  test('rejects an unknown flag, an argument and an unknown tier', async () => {
    const { runModels } = await createFixture();
    expect(await runModels(['--lively'])).toMatchObject({ code: 2 });
    expect(await runModels(['gemini'])).toMatchObject({ code: 2 });
    expect(await runModels(['--tier', 'gold'])).toMatchObject({ code: 2 });
  });

  test('closes the connection on Ctrl-C during a request, and is killed by SIGINT', async () => {
    const { server, cwd, state } = await createFixture();
    server.queueListReplies({ end: 'stall-before-headers' });
    const running = startBoticelli(['models'], { server, cwd, env: { BOTICELLI_STATE_DIR: state } });
    const request = await server.waitForRequests(1);
    running.child.kill('SIGINT');
    expect(await running.result).toMatchObject({ code: null, signal: 'SIGINT', stdout: '' });
    await request.whenClosedEarly;
  });

  test('ends quietly if standard output is a closed pipe', async () => {
    const { server } = await createFixture();
    const cwd = createTemporaryFolder(onTestFinished);
    // The reader has exited before the program starts.
    const waiting = 'until [ -e gone ]; do sleep 0.01; done';
    const script = `set -o pipefail; { ${waiting}; boticelli models; } | { exec <&-; touch gone; }; echo "$?"`;
    const { stdout, stderr } = await startShell(script, { server, cwd }).result;
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });
});
