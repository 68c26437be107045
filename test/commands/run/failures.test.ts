import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  type ProcessResult,
  runBoticelli,
} from '../../helpers/boticelli.js';
import {
  createErrorBody,
  createErrorInfo,
  dayQuotaError,
  errorReply,
  invalidKeyError,
  minuteQuotaError,
  overloadedError,
  quotaError,
} from '../../helpers/gemini/errors.js';
import {
  blockedPromptReply,
  createChunk,
  emptyReply,
  formatSseEvent,
  packetReply,
  type ScriptedReply,
  textReply,
} from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const createFolder = () =>
  createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1), 'broken.toml': 'a = ' });

/**
 * Runs a narrative in each output format, without retries. Expects the same exit code and error code in all formats, and
 * neither the key nor a stack in the output.
 */
async function expectSameFailure(
  expected: { errorCode: string; exitCode: number; says: RegExp },
  args: string[],
  options = {},
) {
  const cwd = createFolder();
  const failing = ['text', 'json', 'ndjson'].map(async (format) => {
    const flags = ['-o', format, '--retries', '0', '--verbose', ...args];
    const ended = await runInProcess(['run', ...flags], { server, cwd, ...options });
    expect(ended, format).toMatchObject({ code: expected.exitCode, signal: null });
    expect(ended.stderr).toMatch(/^boticelli: /m);
    expect(ended.stderr).toMatch(expected.says);
    expect(ended.stderr).not.toMatch(/^ +at /m);
    expect(ended.stdout + ended.stderr).not.toContain(canaryKey);
    if (format !== 'text') expect(parseReport(ended, format)).toMatchObject({ error: { code: expected.errorCode } });
  });
  await Promise.all(failing);
}

/** Returns the document of json, or the last event of ndjson. */
function parseReport({ stdout }: ProcessResult, format: string) {
  return JSON.parse(format === 'json' ? stdout : (stdout.trimEnd().split('\n').at(-1) ?? ''));
}

const forbidden = errorReply(403, 'Permission denied.', [createErrorInfo('SERVICE_DISABLED')]);
const noFreeTier = quotaError([
  { quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '0', model: 'gemini-3.1-pro-preview' },
]);

test.each<[string, ScriptedReply, string, number, RegExp]>([
  ['a bad key', invalidKeyError(canaryKey), 'auth', 77, /key/i],
  ['a key without permission', forbidden, 'auth', 77, /Permission denied/],
  ['an invalid request', errorReply(400, 'temperature out of range'), 'invalid_request', 69, /out of range/],
  ['a request that is too large', errorReply(413, 'too large'), 'invalid_request', 69, /too large/],
  ['an overloaded model', overloadedError(), 'unavailable', 69, /overloaded/],
  ['an HTML page of a gateway', { status: 502, body: '<html><h1>Bad Gateway</h1></html>' }, 'unavailable', 69, /502/],
  ['a connection that dies', { end: 'destroy-before-headers' }, 'unavailable', 69, /./],
  ['a used-up quota per minute', minuteQuotaError('gemini-flash-lite-latest'), 'rate_limited', 75, /minute/],
  ['a used-up quota per day', dayQuotaError('gemini-flash-lite-latest'), 'quota_exhausted', 75, /daily/],
  ['a model without a free tier', noFreeTier, 'quota_exhausted', 75, /free/],
  ['a blocked prompt', blockedPromptReply('PROHIBITED_CONTENT'), 'blocked', 76, /PROHIBITED_CONTENT/],
  ['a blocked reply', emptyReply('SAFETY'), 'blocked', 76, /SAFETY/],
  ['an empty reply', emptyReply('STOP'), 'empty_reply', 76, /empty|no text/],
  ['a reply without a finish reason', textReply('a', { finishReason: null }), 'unavailable', 69, /no finish reason/],
  [
    'a reply that is nothing but thoughts',
    emptyReply('MAX_TOKENS', { promptTokenCount: 8, thoughtsTokenCount: 478, totalTokenCount: 486 }),
    'truncated',
    76,
    /478/,
  ],
])('%s is the same failure in every format', async (_, reply, errorCode, exitCode, says) => {
  server.setDefaultReply(reply);
  await expectSameFailure({ errorCode, exitCode, says }, ['one.toml']);
  // One request in each of the three formats.
  expect(server.generateRequests).toHaveLength(3);
});

test.each<[string, ScriptedReply, string, number, RegExp]>([
  ['that breaks off', packetReply(formatSseEvent(createChunk('so far'))), 'stream_interrupted', 69, /./],
  ['that falls silent', textReply('a', { end: 'stall', finishReason: null }), 'stream_timeout', 124, /0\.2 s|200 ms/],
  [
    'that contains an error',
    packetReply(formatSseEvent(createChunk('a')), formatSseEvent(createErrorBody(503, 'overloaded'))),
    'unavailable',
    69,
    /overloaded/,
  ],
])('a stream %s is the same failure in every format', async (_, reply, errorCode, exitCode, says) => {
  server.setDefaultReply(reply);
  await expectSameFailure({ errorCode, exitCode, says }, ['one.toml', '--stream', '--idle-timeout', '200ms']);
});

test('the process exits with the code of the failure', async () => {
  server.setDefaultReply(invalidKeyError(canaryKey));
  const { code, signal, stderr } = await runBoticelli(['run', 'one.toml'], { server, cwd: createFolder() });
  expect({ code, signal, stderr }).toEqual({ code: 77, signal: null, stderr: expect.stringMatching(/^boticelli: /m) });
});

test('a truncated reply is a failure with --strict, and a warning without it', async () => {
  server.setDefaultReply(textReply('half', { finishReason: 'MAX_TOKENS' }));
  await expectSameFailure({ errorCode: 'truncated', exitCode: 76, says: /max_tokens/ }, ['one.toml', '--strict']);
  const { code, stdout, stderr } = await runBoticelli(['run', 'one.toml', '-q'], { server, cwd: createFolder() });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'half\n' });
  expect(stderr).toContain('warning: act_1: the reply was cut short');
});

test('a reply that may be incomplete is a failure with --strict, and a warning without it', async () => {
  const candidate = { content: { parts: [{ text: 'Some' }] }, finishReason: 'OTHER', finishMessage: 'Out of words.' };
  server.setDefaultReply({ chunks: [{ candidates: [candidate] }] });
  const says = /the model stopped with OTHER \(Out of words\): the reply may be incomplete/;
  await expectSameFailure({ errorCode: 'incomplete_reply', exitCode: 76, says }, ['one.toml', '--strict']);
  const { code, stdout, stderr } = await runBoticelli(['run', 'one.toml', '-q'], { server, cwd: createFolder() });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Some\n' });
  expect(stderr).toMatch(new RegExp(`^boticelli: warning: act_1: ${says.source}\n$`));
});

test('a request that exceeds --timeout is the same failure in every format', async () => {
  server.setDefaultReply({ end: 'stall-before-headers' });
  await expectSameFailure({ errorCode: 'timeout', exitCode: 124, says: /--timeout|0\.2 s|200 ms/ }, [
    'one.toml',
    '--timeout',
    '0.2',
  ]);
});

test("for an unknown model, suggests similar names from the service's list", async () => {
  const says = /gemini-2\.0-flash-live[\s\S]*gemini-/;
  await expectSameFailure({ errorCode: 'model_not_found', exitCode: 69, says }, [
    'one.toml',
    '-m',
    'gemini-2.0-flash-live',
  ]);
});

describe('reports before any request:', () => {
  afterEach(() => expect(server.requests).toEqual([]));

  test('a missing key', async () => {
    await expectSameFailure({ errorCode: 'missing_api_key', exitCode: 77, says: /GEMINI_API_KEY/ }, ['one.toml'], {
      env: { GEMINI_API_KEY: '' },
    });
  });

  test('a malformed key', async () => {
    const env = { GEMINI_API_KEY: `${canaryKey}\nx` };
    await expectSameFailure({ errorCode: 'auth', exitCode: 77, says: /key/ }, ['one.toml'], { env });
  });

  test('a narrative with errors', async () => {
    await expectSameFailure(
      { errorCode: 'invalid_narrative', exitCode: 65, says: /broken\.toml:1:\d+: error\[syntax\]/ },
      ['broken.toml'],
    );
  });

  test('a missing narrative', async () => {
    await expectSameFailure({ errorCode: 'no_input', exitCode: 66, says: /missing\.toml/ }, ['missing.toml']);
  });

  test('an invalid environment variable', async () => {
    const expected = { errorCode: 'invalid_config', exitCode: 78, says: /GOOGLE_GEMINI_BASE_URL/ };
    await expectSameFailure(expected, ['one.toml'], { env: { GOOGLE_GEMINI_BASE_URL: 'not an address' } });
  });

  test('a file that is given as the folder of --out-dir', async () => {
    const args = ['one.toml', '--out-dir', 'broken.toml'];
    await expectSameFailure({ errorCode: 'output_failed', exitCode: 74, says: /broken\.toml/ }, args);
  });

  test('an act of --only that does not exist', async () => {
    await expectSameFailure({ errorCode: 'usage', exitCode: 2, says: /act_1/ }, ['one.toml', '--only', 'act_7']);
  });
});

test('reports an unreachable server and an unknown host name', async () => {
  const closedPort = await findClosedPort();
  const refused = { env: { GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${closedPort}` } };
  await expectSameFailure(
    { errorCode: 'unavailable', exitCode: 69, says: new RegExp(`127.0.0.1:${closedPort}`) },
    ['one.toml'],
    refused,
  );
  const unknownHost = { env: { GOOGLE_GEMINI_BASE_URL: 'http://no-such-host.invalid' } };
  await expectSameFailure(
    { errorCode: 'unavailable', exitCode: 69, says: /no-such-host\.invalid/ },
    ['one.toml'],
    unknownHost,
  );
});

/** Finds a port without a listener: listens on a free port, and stops listening. */
function findClosedPort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

test.each([
  ['an unknown flag', ['run', 'one.toml', '--strem'], /--stream/],
  ['an unknown command', ['rum', 'one.toml'], /run/],
  ['an invalid temperature', ['run', 'one.toml', '--temperature', '3'], /0 to 2/],
  ['an invalid number of tokens', ['run', 'one.toml', '--max-tokens', '0'], /at least 1/],
  ['an invalid duration', ['run', 'one.toml', '--timeout', 'soon'], /90s/],
  ['an invalid model name', ['run', 'one.toml', '-m', 'a b'], /gemini-flash-lite-latest/],
  ['an unknown output format', ['run', 'one.toml', '-o', 'xml'], /ndjson/],
  ['a run without a narrative', ['run'], /narrative/],
])('%s is a usage error that says what is valid', async (_, args, says) => {
  const ended = await runInProcess(args, { server, cwd: createFolder() });
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(/^boticelli: /);
  expect(ended.stderr).toMatch(says);
});
