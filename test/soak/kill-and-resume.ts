import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import LibSql from 'libsql';
import { databasePath } from '../../src/database/open.js';
import { readSchemaVersion } from '../../src/database/schema.js';
import { printHeading, printRow } from '../bench/measure.js';
import { type RunningProcess, startBoticelli } from '../helpers/boticelli.js';
import { textReply } from '../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { createRandom } from '../helpers/random.js';

/** The result of a run of ten acts that was killed, and of the run that resumed it. */
export interface KillResult {
  /** When the run was killed. */
  moment: KillMoment;
  /** The number of act-end events before the kill, and of stored replies. */
  reportedActs: number;
  storedReplies: number;
  /** The number of requests of the resuming run. */
  resumeRequests: number;
  /** What is wrong; empty if nothing is. */
  problems: string[];
}

interface KillMoment {
  /** The number of the request after which the run is killed; 0 is its start. */
  request: number;
  /** The time after that request. */
  afterMs: number;
}

const acts = 10;

/** Kills a run of ten acts with SIGKILL at a random moment and resumes it, several times in one state folder. */
export async function killAndResume(times: number, seed: number): Promise<KillResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-'));
  const server = await startGeminiServer({ models: 'any' });
  server.setDefaultReply(({ body }) => textReply(['A reply to: ', lastText(body)], { headersDelayMs: 12 }));
  const random = createRandom(seed);
  const context: KillContext = { folder, server };
  try {
    const results: KillResult[] = [];
    for (let round = 1; round <= times; round += 1) {
      const flags = random() < 0.5 ? ['--stream'] : [];
      results.push(await killOnce(context, `kill-${round}`, chooseMoment(random), flags));
    }
    return results;
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface KillContext {
  folder: string;
  server: GeminiServer;
}

/** Chooses a moment, mostly around a reply: few cases differ before the first one. */
function chooseMoment(random: () => number): KillMoment {
  const request = random() < 0.15 ? 0 : 1 + Math.floor(random() * acts);
  return { request, afterMs: random() * (request === 0 ? 400 : 40) };
}

async function killOnce(context: KillContext, name: string, moment: KillMoment, flags: string[]): Promise<KillResult> {
  const callsBefore = context.server.generateRequests.length;
  const killed = startRun(context, name, flags);
  const { request, afterMs } = moment;
  await Promise.race([
    request === 0 ? undefined : context.server.waitForRequests(callsBefore + request),
    killed.result,
  ]);
  await Promise.race([delay(afterMs), killed.result]);
  killed.child.kill('SIGKILL');
  const { stdout } = await killed.result;
  const reportedActs = stdout.split('\n').filter((line) => line.endsWith('}') && line.includes('"act-end"')).length;
  const { storedReplies } = inspectDatabase(context.folder, name);
  const callsAtKill = context.server.generateRequests.length;

  const resumed = await startRun(context, name, [...flags, '--resume']).result;
  const resumePrompts = context.server.generateRequests.slice(callsAtKill).map(({ body }) => lastText(body));
  const allPrompts = context.server.generateRequests.slice(callsBefore).map(({ body }) => lastText(body));
  const actEnds = resumed.stdout.split('\n').filter((line) => line.includes('"act-end"'));
  const { integrity, unfinished, runs } = inspectDatabase(context.folder, name);
  const expected = buildQuestions(name);
  const replies = actEnds.map((line) => JSON.parse(line).text);
  const problems = [
    ...(resumed.code === 0 ? [] : [`the resumed run ended with ${resumed.code}: ${resumed.stderr}`]),
    ...(replies.join() === expected.map((question) => `A reply to: ${question}`).join() ? [] : [`replies: ${replies}`]),
    ...expected
      .slice(0, Math.max(reportedActs, storedReplies))
      .filter((question) => resumePrompts.includes(question))
      .map((question) => `sent again: ${question}`),
    ...(storedReplies >= reportedActs ? [] : [`${reportedActs} acts were reported, but only ${storedReplies} stored`]),
    ...(resumePrompts.length === acts - storedReplies
      ? []
      : [`${storedReplies} were stored, but ${resumePrompts.length} sent again`]),
    ...(allPrompts.length <= acts + 1 ? [] : [`${allPrompts.length} requests for ${acts} acts`]),
    ...(integrity === 'ok' ? [] : [`integrity: ${integrity}`]),
    ...(runs - unfinished >= 1 ? [] : ['the resumed run is not recorded as ended']),
  ];
  return { moment, reportedActs, storedReplies, resumeRequests: resumePrompts.length, problems };
}

function startRun({ folder, server }: KillContext, name: string, flags: string[]): RunningProcess {
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, renderNarrative(name));
  return startBoticelli(['run', file, '-o', 'ndjson', ...flags], {
    ...{ server, cwd: folder },
    env: { HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state'), GEMINI_TIER: 'tier_1' },
  });
}

const buildQuestions = (name: string) => Array.from({ length: acts }, (_, index) => `Question ${index + 1} of ${name}`);

function renderNarrative(name: string): string {
  const names = buildQuestions(name).map((_, index) => `act_${index + 1}`);
  const prompts = buildQuestions(name).map((question, index) => `${names[index]} = "${question}"`);
  const toc = ['[toc]', `order = ${JSON.stringify(names)}`];
  return ['[narrative]', `name = "${name}"`, ...toc, '[acts]', ...prompts, ''].join('\n');
}

function lastText(body: { contents: { parts: { text: string }[] }[] }): string {
  return body.contents.at(-1)?.parts[0]?.text ?? '';
}

/** Reads what the database has of a narrative. SQLite repairs the file after a kill when it is opened. */
function inspectDatabase(folder: string, name: string) {
  const path = databasePath(join(folder, 'state'));
  const empty = { storedReplies: 0, runs: 0, unfinished: 0, integrity: 'ok' };
  if (!existsSync(path)) return empty;
  const database = new LibSql(path);
  try {
    if (readSchemaVersion(database) === 0) return empty;
    const count = (from: string) =>
      (database.prepare(`SELECT count(*) FROM ${from}`).raw(true).get(name) as [number])[0];
    return {
      storedReplies: count('answers WHERE narrative = ?'),
      runs: count('runs WHERE narrative = ?'),
      unfinished: count('runs WHERE narrative = ? AND status IS NULL'),
      integrity: String(Object.values((database.pragma('integrity_check') as object[])[0] ?? {})[0]),
    };
  } finally {
    database.close();
  }
}

/** `npm run soak -- kill`: fifty kills. Resolves to whether nothing went wrong. */
export async function soakKills(): Promise<boolean> {
  const seed = Date.now() % 100_000;
  process.stdout.write(`seed ${seed}\n`);
  printHeading('killed after request', 'plus', 'acts reported', 'replies stored', 'sent by --resume', 'problems');
  const results = await killAndResume(50, seed);
  for (const { moment, reportedActs, storedReplies, resumeRequests, problems } of results)
    printRow(
      ...[moment.request, `${moment.afterMs.toFixed(0)} ms`, reportedActs, storedReplies, resumeRequests],
      problems.join('; ') || 'none',
    );
  return results.every(({ problems }) => problems.length === 0);
}
