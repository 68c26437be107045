import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import LibSql from 'libsql';
import { text } from '../helpers/gemini-replies.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { createRandom } from '../helpers/random.js';

/** A run of ten acts that was killed at some moment, and the run that went on. */
export interface KilledAndResumed {
  /** When it was killed: so long after its start, or after its nth request (0 is its start). */
  moment: Moment;
  /** How many acts it had told the end of when it was killed, and how many replies it had kept. */
  told: number;
  kept: number;
  /** The requests that the resuming run sent. */
  askedAgain: number;
  /** What is not as it is promised; empty where all is well. */
  faults: string[];
}

interface Moment {
  request: number;
  afterMs: number;
}

const acts = 10;

/**
 * Kills a run of ten acts with SIGKILL at a random moment and resumes it, so many times, all in one state folder.
 * @param bin the path of bin/boticelli.js
 */
export async function killAndResume(bin: string, times: number, seed: number): Promise<KilledAndResumed[]> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-kill-'));
  const server = await startGeminiServer({ models: 'any' });
  server.replyAlways(({ body }) => text(['An answer to: ', lastText(body)], { headersDelayMs: 12 }));
  const random = createRandom(seed);
  const stage: Stage = { bin, folder, server };
  try {
    const done: KilledAndResumed[] = [];
    for (let time = 1; time <= times; time += 1) {
      const flags = random() < 0.5 ? ['--stream'] : [];
      done.push(await killOnce(stage, `kill-${time}`, momentBy(random), flags));
    }
    return done;
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Stage {
  bin: string;
  folder: string;
  server: GeminiServer;
}

/** Most often around a reply, for what happens before the first one is soon known. */
function momentBy(random: () => number): Moment {
  const request = random() < 0.15 ? 0 : 1 + Math.floor(random() * acts);
  return { request, afterMs: random() * (request === 0 ? 400 : 40) };
}

async function killOnce(stage: Stage, name: string, moment: Moment, flags: string[]): Promise<KilledAndResumed> {
  const callsBefore = stage.server.calls.length;
  const killed = play(stage, name, flags);
  const { request, afterMs } = moment;
  await Promise.race([request === 0 ? undefined : stage.server.received(callsBefore + request), killed.ended]);
  await Promise.race([delay(afterMs), killed.ended]);
  killed.child.kill('SIGKILL');
  const { stdout } = await killed.ended;
  const told = stdout.split('\n').filter((line) => line.endsWith('}') && line.includes('"act-end"')).length;
  const { kept } = lookInto(stage.folder, name);
  const callsAtKill = stage.server.calls.length;

  const resumed = await play(stage, name, [...flags, '--resume']).ended;
  const asked = stage.server.calls.slice(callsAtKill).map(({ body }) => lastText(body));
  const all = stage.server.calls.slice(callsBefore).map(({ body }) => lastText(body));
  const ends = resumed.stdout.split('\n').filter((line) => line.includes('"act-end"'));
  const { integrity, unfinished, runs } = lookInto(stage.folder, name);
  const expected = questionsOf(name);
  const replies = ends.map((line) => JSON.parse(line).text);
  const faults = [
    ...(resumed.code === 0 ? [] : [`the resumed run ended with ${resumed.code}: ${resumed.stderr}`]),
    ...(replies.join() === expected.map((question) => `An answer to: ${question}`).join()
      ? []
      : [`replies: ${replies}`]),
    ...expected
      .slice(0, Math.max(told, kept))
      .filter((question) => asked.includes(question))
      .map((q) => `asked again: ${q}`),
    ...(kept >= told ? [] : [`${told} acts were told, and ${kept} kept`]),
    ...(asked.length === acts - kept ? [] : [`${kept} were kept, and ${asked.length} asked again`]),
    ...(all.length <= acts + 1 ? [] : [`${all.length} requests for ${acts} acts`]),
    ...(integrity === 'ok' ? [] : [`integrity: ${integrity}`]),
    ...(runs - unfinished >= 1 ? [] : ['the resumed run is not recorded as ended']),
  ];
  return { moment, told, kept, askedAgain: asked.length, faults };
}

function play({ bin, folder, server }: Stage, name: string, flags: string[]) {
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, narrative(name));
  const child = spawn(process.execPath, [bin, 'run', file, '-o', 'ndjson', ...flags], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: folder, BOTICELLI_STATE_DIR: join(folder, 'state') },
      ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (piece: string) => {
      said[stream] += piece;
    });
  }
  const ended = new Promise<{ stdout: string; stderr: string; code: number | null }>((resolve) => {
    child.on('close', (code) => resolve({ ...said, code }));
  });
  return { child, ended };
}

const questionsOf = (name: string) => Array.from({ length: acts }, (_, at) => `Question ${at + 1} of ${name}`);

function narrative(name: string): string {
  const names = questionsOf(name).map((_, at) => `act_${at + 1}`);
  const prompts = questionsOf(name).map((question, at) => `${names[at]} = "${question}"`);
  const toc = ['[toc]', `order = ${JSON.stringify(names)}`];
  return ['[narrative]', `name = "${name}"`, ...toc, '[acts]', ...prompts, ''].join('\n');
}

function lastText(body: { contents: { parts: { text: string }[] }[] }): string {
  return body.contents.at(-1)?.parts[0]?.text ?? '';
}

/** What the file has of a narrative, opened as any program would: SQLite mends what a killed process left behind. */
function lookInto(folder: string, name: string) {
  const path = join(folder, 'state/boticelli.db');
  const nothing = { kept: 0, runs: 0, unfinished: 0, integrity: 'ok' };
  if (!existsSync(path)) return nothing;
  const database = new LibSql(path);
  try {
    const [found] = database.pragma('user_version') as { user_version: number }[];
    if (found?.user_version === 0) return nothing;
    const number = (sql: string, ...values: string[]) =>
      (
        database
          .prepare(sql)
          .raw(true)
          .get(...values) as [number]
      )[0];
    return {
      kept: number('SELECT count(*) FROM answers WHERE narrative = ?', name),
      runs: number('SELECT count(*) FROM runs WHERE narrative = ?', name),
      unfinished: number('SELECT count(*) FROM runs WHERE narrative = ? AND status IS NULL', name),
      integrity: String(Object.values((database.pragma('integrity_check') as object[])[0] ?? {})[0]),
    };
  } finally {
    database.close();
  }
}

/** `npm run soak -- kill`: fifty times. Ends with 1 where a promise was not kept. */
export async function soakKills(): Promise<void> {
  const seed = Date.now() % 100_000;
  const say = (...cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write(`seed ${seed}\n`);
  say('killed after request', 'by', 'acts told', 'replies kept', 'asked by --resume', 'faults');
  say('---', '---', '---', '---', '---', '---');
  const done = await killAndResume(resolve('bin/boticelli.js'), 50, seed);
  for (const { moment, told, kept, askedAgain, faults } of done)
    say(moment.request, `${moment.afterMs.toFixed(0)} ms`, told, kept, askedAgain, faults.join('; ') || 'none');
  if (done.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
}
