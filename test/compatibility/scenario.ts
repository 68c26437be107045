import { join } from 'node:path';
import { type ProcessResult, startBoticelli } from '../helpers/boticelli.js';
import { dayQuotaError, errorReply, overloadedError, quotaError } from '../helpers/gemini/errors.js';
import { spokenReply } from '../helpers/gemini/live-replies.js';
import { listedModel } from '../helpers/gemini/models.js';
import { textReply } from '../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';

/** The API key of the commands that wrote the files in `test/fixtures/version-0.1`. */
export const testKey = 'test-key';
export const liveModel = 'gemini-9-live';

export interface ScenarioOptions {
  server: GeminiServer;
  /** The working folder, with copies of the narratives and settings in `test/fixtures/version-0.1`. */
  cwd: string;
  /** Has `BOTICELLI_STATE_DIR`, and for a shared quota `BOTICELLI_REDIS_URL`. */
  env: Record<string, string>;
}

/** Starts a server with the models that the narratives in `test/fixtures/version-0.1` name. */
export function startScenarioServer(): Promise<GeminiServer> {
  const names = ['a', 'b', 'c', 'd', 'day', 'minute', 'latest'];
  const models = [
    ...names.map((name) => listedModel(`model-${name}`)),
    { ...listedModel(liveModel, ['bidiGenerateContent']), displayName: 'A Live model', description: 'It speaks.' },
  ];
  return startGeminiServer({ models });
}

/**
 * Runs a command in this process. The command is split at its spaces, and the names of narratives and recordings in it
 * are resolved against `cwd`.
 */
export function runCommand(command: string, cwd: string, env: Record<string, string>): Promise<ProcessResult> {
  const args = command.split(' ').map((arg) => (/\.(toml|ndjson)$/.test(arg) ? join(cwd, arg) : arg));
  return runInProcess(args, { cwd, env });
}

/** Creates a 429 that names the limits of requests and of tokens per minute. */
function requestAndTokenLimitError() {
  const metric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';
  return quotaError(
    [
      { quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', quotaValue: '1', model: 'model-minute' },
      {
        quotaId: 'GenerateContentInputTokensPerModelPerMinute-FreeTier',
        ...{ quotaMetric: metric, quotaValue: '5000', model: 'model-minute' },
      },
    ],
    '1s',
  );
}

/**
 * Runs the commands with which an old commit of boticelli wrote the files in `test/fixtures/version-0.1` (see the README
 * there), with the same replies in the same order. The results include every kind of run and every kind of learned
 * limit. The commands fill a state folder, and write `recording.ndjson` in `cwd`.
 */
export async function runScenario({ server, cwd, env }: ScenarioOptions): Promise<void> {
  const fullEnv = { GEMINI_API_KEY: testKey, GOOGLE_GEMINI_BASE_URL: server.url, ...env };
  const run = (command: string) => runCommand(command, cwd, fullEnv);
  const draft = textReply(['Dear reader,', '\n\nthe picture shows', ' a red dot: naïve, but “whole”.\n'], {
    thoughts: ['Let me see.'],
    thoughtSignature: 'c2lnbmF0dXJlIG9mIHRoZSBkcmFmdA==',
  });
  server.queueReplies(draft, textReply('```json\n["a dot", "it is red"]\n```'), textReply(['The', ' Red Dot']));
  await run('run narrative.toml --record recording.ndjson');
  server.queueReplies(textReply(['Wave on', ' wave.']), textReply(['Wave after', ' wave.']));
  await run('run rounds.toml --stream --record recording.ndjson');
  // The model rejects prompts in `clientContent`, so boticelli learns to send them as `realtimeInput`.
  server.live.promptsOnlyAsRealtimeInput.add(liveModel);
  server.live.queueReplies(spokenReply(['Hel', 'lo.']), spokenReply(['Good', 'bye.']));
  await run('run live.toml --record recording.ndjson');
  server.queueReplies(overloadedError(), textReply('Dear all,'), errorReply(400, 'no'));
  await run('run narrative.toml -m model-b');
  server.queueReplies(dayQuotaError('model-day', { limit: '20' }), textReply('By the other model.'));
  await run('run short.toml -m model-day --fallback model-b');
  server.queueReplies(requestAndTokenLimitError(), textReply('A minute later.'));
  await run('run short.toml -m model-minute');
  server.queueReplies(textReply('By its real name.', { modelVersion: 'model-a' }));
  await run('run short.toml -m model-latest');
  await run('models');
  await startAndStopRuns({ server, cwd, env: fullEnv });
}

/**
 * Starts three runs, and stops each before it finishes: the first is interrupted, the second is killed while it waits
 * for quota, and the third is killed while it holds the only concurrency slot of its model.
 */
async function startAndStopRuns({ server, cwd, env }: ScenarioOptions): Promise<void> {
  const start = (command: string) => startBoticelli(command.split(' '), { cwd, env });
  const stalledReply = { ...textReply('never'), end: 'stall-before-headers' } as const;

  server.queueReplies(textReply('Dear nobody,'), stalledReply);
  let arrived = server.waitForRequests(server.requests.length + 2);
  const interrupted = start('run narrative.toml -m model-b --quiet');
  await arrived;
  interrupted.child.kill('SIGINT');
  await interrupted.result;

  server.queueReplies(textReply('One verse.'));
  const waiting = start('run rounds.toml -m model-c -o ndjson');
  await waiting.waitForOutput('"act-wait"');
  waiting.child.kill('SIGKILL');
  await waiting.result;

  server.queueReplies(stalledReply);
  arrived = server.waitForRequests(server.requests.length + 1);
  const holding = start('run short.toml -m model-d');
  await arrived;
  holding.child.kill('SIGKILL');
  await holding.result;
}
