import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { printHeading, printRow } from '../bench/measure.js';
import { startBoticelli } from '../helpers/boticelli.js';
import { textReply } from '../helpers/gemini/replies.js';
import type { ReceivedRequest } from '../helpers/gemini/send-reply.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { createRandom } from '../helpers/random.js';
import { readState } from './kill/inspect.js';

/** What was seen while runs of parallel acts were killed and resumed. */
export interface KilledActsResult {
  kills: number;
  /** The number of narratives that were resumed until they completed. */
  completed: number;
  /**
   * The number of replies in the database after each kill, added up. A reply counts once for each kill at which it is
   * stored.
   */
  repliesStoredAtKills: number;
  /** What is wrong; empty if nothing is. */
  problems: string[];
}

const jobs = 4;

/** The prompts of the acts. The first four requests are equal, and the next four differ only in their conversation. */
const prompts = [...Array(4).fill('Same'), ...Array(4).fill('Next'), 'Left', 'Right', 'Join'];

function renderNarrative(): string {
  const contexts = [
    ...Array(4).fill('"none"'),
    ...[1, 2, 3, 4].map((number) => `["act_${number}"]`),
    ...['["act_5", "act_6"]', '["act_7", "act_8"]', '"full"'],
  ];
  const acts = prompts.map((prompt, index) => {
    const name = `acts.act_${index + 1}`;
    return `[${name}]\ncontext = ${contexts[index]}\n[[${name}.input]]\ntype = "text"\ncontent = "${prompt}"\n`;
  });
  const order = JSON.stringify(prompts.map((_, index) => `act_${index + 1}`));
  return `[narrative]\nname = "n"\n[toc]\norder = ${order}\n${acts.join('')}`;
}

interface KillContext {
  server: GeminiServer;
  random: () => number;
  /** A folder with the narrative. */
  folder: string;
}

/** Kills runs of parallel acts with SIGKILL at random moments, and resumes each until it completes. */
export async function killActs(minKills: number, seed: number): Promise<KilledActsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-acts-'));
  writeFileSync(join(folder, 'n.toml'), renderNarrative());
  const server = await startGeminiServer({ models: 'any' });
  const random = createRandom(seed);
  // No two replies are equal.
  let count = 0;
  server.setDefaultReply((request) => {
    count += 1;
    return textReply(`${count} to ${getPrompt(request)}`, { headersDelayMs: 10 + random() * 40 });
  });
  const result: KilledActsResult = { kills: 0, completed: 0, repliesStoredAtKills: 0, problems: [] };
  try {
    while (result.kills < minKills) await killUntilCompleted({ server, random, folder }, result);
    return result;
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killUntilCompleted({ server, random, folder }: KillContext, result: KilledActsResult): Promise<void> {
  const state = join(folder, `state-${result.completed}`);
  const start = (...flags: string[]) =>
    startBoticelli(['run', 'n.toml', '--resume', '--no-rate-limit', '-q', ...flags], {
      ...{ server, cwd: folder, env: { BOTICELLI_STATE_DIR: state } },
    });
  const parallelFlags = ['--jobs', String(jobs)];
  for (;;) {
    const { storedReplies, integrity } = readState(state, (_key, reply) => reply.text);
    if (integrity !== 'ok') result.problems.push(`kill ${result.kills}: ${integrity}`);
    const requestsBefore = server.generateRequests.length;
    const running = start(...parallelFlags);
    const target = server.requests.length + 1 + Math.floor(random() * 6);
    const isDone = await Promise.race([
      server.waitForRequests(target).then(() => false),
      running.result.then(() => true),
    ]);
    if (!isDone) {
      await delay(random() * 40);
      running.child.kill('SIGKILL');
    }
    const { code, signal, stderr, stdout } = await running.result;
    const sent = server.generateRequests.slice(requestsBefore).map(getPrompt);
    result.problems.push(
      ...findRepeatedRequests(sent, storedReplies).map((problem) => `kill ${result.kills}: ${problem}`),
    );
    if (signal === 'SIGKILL') {
      result.kills += 1;
      result.repliesStoredAtKills += readState(state, (_key, reply) => reply.text).storedReplies.size;
      continue;
    }
    if (code !== 0) result.problems.push(`ended with ${code}: ${stderr}`);
    result.completed += 1;
    result.problems.push(...(await checkCompleted(stdout, [start(...parallelFlags), start()], server)));
    return;
  }
}

/** Checks that a run sends no request whose reply was stored. Equal requests can't be told apart, so they are counted. */
function findRepeatedRequests(sent: readonly string[], storedReplies: ReadonlySet<string>): string[] {
  return [...new Set(prompts)].flatMap((prompt) => {
    const total = prompts.filter((other) => other === prompt).length;
    const storedCount = [...storedReplies].filter((text) => text.endsWith(` to ${prompt}`)).length;
    const requested = sent.filter((other) => other === prompt).length;
    return requested > total - storedCount
      ? [`${requested} requests "${prompt}", although ${storedCount} of ${total} were stored`]
      : [];
  });
}

/**
 * Checks that the replies are in order and all different, and that further runs print the same replies without
 * requests.
 */
async function checkCompleted(stdout: string, runs: ReturnType<typeof startBoticelli>[], server: GeminiServer) {
  const replies = stdout.trimEnd().split('\n\n');
  const requests = server.generateRequests.length;
  const outputs = (await Promise.all(runs.map(({ result }) => result))).map((ended) => ended.stdout);
  const expected = prompts.map((prompt) => ` to ${prompt}`);
  const isInOrder = replies.every((reply, index) => reply.endsWith(expected[index] ?? '?'));
  return [
    ...(isInOrder && new Set(replies).size === prompts.length ? [] : [`wrong replies: ${replies.join(', ')}`]),
    ...(outputs.every((output) => output === stdout) ? [] : ['a later run has other replies']),
    ...(server.generateRequests.length === requests ? [] : ['a later run sent requests']),
  ];
}

function getPrompt({ body }: ReceivedRequest): string {
  return body.contents.at(-1).parts[0].text;
}

/** The part `parallel-acts` of `npm run soak`: at least twenty kills of parallel acts, or as many as `SOAK_CASES` says. */
export async function soakParallelActs(): Promise<boolean> {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);
  process.stdout.write(`seed ${seed}\n`);
  printHeading('kills', 'completed narratives', 'stored replies at each kill, added up', 'problems');
  const { kills, completed, repliesStoredAtKills, problems } = await killActs(
    Number(process.env.SOAK_CASES ?? 20),
    seed,
  );
  printRow(kills, completed, repliesStoredAtKills, problems.join('; ') || 'none');
  return problems.length === 0;
}
