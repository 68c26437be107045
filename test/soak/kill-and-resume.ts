import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import LibSql from 'libsql';
import { textReply } from '../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { createRandom } from '../helpers/random.js';

/** A run of ten acts that was killed at some moment, and the run that went on. */
export interface KillResult {
  /** When it was killed: so long after its start, or after its nth request (0 is its start). */
  moment: KillMoment;
  /** How many acts it had told the end of when it was killed, and how many replies it had kept. */
  reportedActs: number;
  storedReplies: number;
  /** The requests that the resuming run sent. */
  resumeRequests: number;
  /** What is not as it is promised; empty where all is well. */
  problems: string[];
}

interface KillMoment {
  request: number;
  afterMs: number;
}

const acts = 10;

/**
 * Kills a run of ten acts with SIGKILL at a random moment and resumes it, so many times, all in one state folder.
 * @param bin the path of bin/boticelli.js
 */
export async function killAndResume(bin: string, times: number, seed: number): Promise<KillResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-'));
  const server = await startGeminiServer({ models: 'any' });
  server.setDefaultReply(({ body }) => textReply(['An answer to: ', lastText(body)], { headersDelayMs: 12 }));
  const random = createRandom(seed);
  const context: KillContext = { bin, folder, server };
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
  bin: string;
  folder: string;
  server: GeminiServer;
}

/** Most often around a reply, for what happens before the first one is soon known. */
function chooseMoment(random: () => number): KillMoment {
  const request = random() < 0.15 ? 0 : 1 + Math.floor(random() * acts);
  return { request, afterMs: random() * (request === 0 ? 400 : 40) };
}

async function killOnce(context: KillContext, name: string, moment: KillMoment, flags: string[]): Promise<KillResult> {
  const callsBefore = context.server.generateRequests.length;
  const killed = startRun(context, name, flags);
  const { request, afterMs } = moment;
  await Promise.race([request === 0 ? undefined : context.server.waitForRequests(callsBefore + request), killed.ended]);
  await Promise.race([delay(afterMs), killed.ended]);
  killed.child.kill('SIGKILL');
  const { stdout } = await killed.ended;
  const reportedActs = stdout.split('\n').filter((line) => line.endsWith('}') && line.includes('"act-end"')).length;
  const { storedReplies } = inspectDatabase(context.folder, name);
  const callsAtKill = context.server.generateRequests.length;

  const resumed = await startRun(context, name, [...flags, '--resume']).ended;
  const resumePrompts = context.server.generateRequests.slice(callsAtKill).map(({ body }) => lastText(body));
  const allPrompts = context.server.generateRequests.slice(callsBefore).map(({ body }) => lastText(body));
  const actEnds = resumed.stdout.split('\n').filter((line) => line.includes('"act-end"'));
  const { integrity, unfinished, runs } = inspectDatabase(context.folder, name);
  const expected = buildQuestions(name);
  const replies = actEnds.map((line) => JSON.parse(line).text);
  const problems = [
    ...(resumed.code === 0 ? [] : [`the resumed run ended with ${resumed.code}: ${resumed.stderr}`]),
    ...(replies.join() === expected.map((question) => `An answer to: ${question}`).join()
      ? []
      : [`replies: ${replies}`]),
    ...expected
      .slice(0, Math.max(reportedActs, storedReplies))
      .filter((question) => resumePrompts.includes(question))
      .map((question) => `asked again: ${question}`),
    ...(storedReplies >= reportedActs ? [] : [`${reportedActs} acts were told, and ${storedReplies} kept`]),
    ...(resumePrompts.length === acts - storedReplies
      ? []
      : [`${storedReplies} were kept, and ${resumePrompts.length} asked again`]),
    ...(allPrompts.length <= acts + 1 ? [] : [`${allPrompts.length} requests for ${acts} acts`]),
    ...(integrity === 'ok' ? [] : [`integrity: ${integrity}`]),
    ...(runs - unfinished >= 1 ? [] : ['the resumed run is not recorded as ended']),
  ];
  return { moment, reportedActs, storedReplies, resumeRequests: resumePrompts.length, problems };
}

function startRun({ bin, folder, server }: KillContext, name: string, flags: string[]) {
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, renderNarrative(name));
  const child = spawn(process.execPath, [bin, 'run', file, '-o', 'ndjson', ...flags], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
      ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (piece: string) => {
      output[stream] += piece;
    });
  }
  const ended = new Promise<{ stdout: string; stderr: string; code: number | null }>((resolve) => {
    child.on('close', (code) => resolve({ ...output, code }));
  });
  return { child, ended };
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

/** What the file has of a narrative, opened as any program would: SQLite mends what a killed process left behind. */
function inspectDatabase(folder: string, name: string) {
  const path = join(folder, 'state/boticelli.db');
  const empty = { storedReplies: 0, runs: 0, unfinished: 0, integrity: 'ok' };
  if (!existsSync(path)) return empty;
  const database = new LibSql(path);
  try {
    const [row] = database.pragma('user_version') as { user_version: number }[];
    if (row?.user_version === 0) return empty;
    const queryNumber = (sql: string, ...values: string[]) =>
      (
        database
          .prepare(sql)
          .raw(true)
          .get(...values) as [number]
      )[0];
    return {
      storedReplies: queryNumber('SELECT count(*) FROM answers WHERE narrative = ?', name),
      runs: queryNumber('SELECT count(*) FROM runs WHERE narrative = ?', name),
      unfinished: queryNumber('SELECT count(*) FROM runs WHERE narrative = ? AND status IS NULL', name),
      integrity: String(Object.values((database.pragma('integrity_check') as object[])[0] ?? {})[0]),
    };
  } finally {
    database.close();
  }
}

/** `npm run soak -- kill`: fifty times. Ends with 1 where a promise was not kept. */
export async function soakKills(): Promise<void> {
  const seed = Date.now() % 100_000;
  const printRow = (...cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write(`seed ${seed}\n`);
  printRow('killed after request', 'by', 'acts told', 'replies kept', 'asked by --resume', 'faults');
  printRow('---', '---', '---', '---', '---', '---');
  const results = await killAndResume(resolve('bin/boticelli.js'), 50, seed);
  for (const { moment, reportedActs, storedReplies, resumeRequests, problems } of results)
    printRow(
      moment.request,
      `${moment.afterMs.toFixed(0)} ms`,
      reportedActs,
      storedReplies,
      resumeRequests,
      problems.join('; ') || 'none',
    );
  if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
