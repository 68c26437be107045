import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/database/open.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { formatMs, printRow, runNode, type TimedCommand, timePairs } from './measure.js';

const rounds = 15;
const bin = 'bin/boticelli.js';
const storedRuns = 10_000;

/**
 * Measures how much longer a run takes because its replies are stored, and how fast replies and runs are found among
 * ten thousand runs.
 */
export async function benchStore(): Promise<void> {
  const server = await startGeminiServer();
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-store-'));
  const narrative = join(folder, 'one.toml');
  const configWithoutStore = join(folder, 'off.toml');
  writeFileSync(narrative, '[narrative]\nname = "one"\n[toc]\norder = ["a"]\n[acts]\na = "Question 1"\n');
  writeFileSync(configWithoutStore, '[store]\nkeep = "off"\n');
  // Reading a settings file takes time, so both runs read a file. If only the peer read a file, the difference of the
  // pair would be too small: the time of storing minus the time of reading.
  const configWithStore = join(folder, 'on.toml');
  writeFileSync(configWithStore, '[store]\nkeep = "30d"\n');
  const createCommand = (state: string, ...args: string[]): TimedCommand => ({
    args: [bin, ...args],
    env: {
      ...{ HOME: folder, BOTICELLI_STATE_DIR: join(folder, state) },
      ...{ GEMINI_API_KEY: 'key', GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    },
  });
  const printPair = async (label: string, ours: TimedCommand, peer: TimedCommand, target: string) => {
    const pair = await timePairs(ours, peer, rounds);
    printRow(label, formatMs(pair.ours), formatMs(pair.peer), `+${formatMs(pair.ours - pair.peer)}`, target);
  };
  // Without the store a run opens the same database for its quota, so both runs load libsql.
  const withoutStore = createCommand('small', 'run', narrative, '--config', configWithoutStore);
  await printPair(
    'one act, stored, against keep = "off"',
    createCommand('small', 'run', narrative, '--config', configWithStore),
    withoutStore,
    'under +15 ms',
  );

  await fillDatabase(join(folder, 'large'));
  await runNode(createCommand('large', 'run', narrative));
  await printPair(
    `one act, stored, with ${storedRuns} runs in the store, against keep = "off"`,
    createCommand('large', 'run', narrative, '--config', configWithStore),
    withoutStore,
    'under +15 ms',
  );
  const help = createCommand('large', '--help');
  await printPair(
    `\`runs\`, with ${storedRuns} runs in the store, against --help`,
    createCommand('large', 'runs'),
    help,
    'under +50 ms',
  );
  await printPair('`runs show`, with the same store, against --help', createCommand('large', 'runs', 'show'), help, '');
  const reused = createCommand('large', 'run', narrative, '--resume');
  await printPair('--resume of one act, with the same store, against --help', reused, help, '');
  const rehearsed = createCommand('large', 'run', narrative, '--rehearse');
  await printPair('--resume of one act, with the same store, against --rehearse', reused, rehearsed, 'under +50 ms');
  await server.close();
  rmSync(folder, { recursive: true });
}

/** Fills a database with ten thousand runs of four acts, and with their replies of 2,000 characters. */
export async function fillDatabase(folder: string): Promise<void> {
  mkdirSync(folder);
  const { database } = await openDatabase(folder);
  if (!database) throw new Error(`no database in ${folder}`);
  const text = 'A sentence of a reply. '.repeat(90);
  const usage = { promptTokens: 100, outputTokens: 500, thoughtTokens: 0, totalTokens: 600 };
  const addRun = database.prepare(
    `INSERT INTO runs (id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served,
     attempts, wait_ms, usage, status, duration_ms) VALUES (?, 'filled', '/a/b.toml', 'f', 4, ?, 4, '["m"]', '["m"]', 4, 0, ?,
     'completed', 1000)`,
  );
  // `ended` is the `act-end` event of an act, and `told` the list of the events before it.
  const addAct = database.prepare('INSERT INTO acts (run, position, act, ended, told) VALUES (?, ?, ?, ?, ?)');
  const addReply = database.prepare('INSERT INTO answers VALUES (?, 0, ?, ?, ?, ?)');
  const createActEnd = (act: string) => ({
    ...{ type: 'act-end', act, index: 0, model: 'm', requestedModel: 'm', text, finishReason: 'STOP', usage },
    ...{ attempts: 1, waitMs: 0, durationMs: 250, reused: false },
  });
  const reply = JSON.stringify({
    text,
    model: 'm',
    finishReason: 'STOP',
    usage,
    turn: { role: 'model', text, model: 'm' },
  });
  database.exec('BEGIN');
  for (let run = 0; run < storedRuns; run += 1) {
    const startedAt = Date.now() - (storedRuns - run) * 1000;
    const id = `${new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${run.toString(16).padStart(6, '0')}`;
    addRun.run(id, startedAt, JSON.stringify(usage));
    for (let act = 0; act < 4; act += 1) {
      addAct.run(id, act, `act_${act}`, JSON.stringify(createActEnd(`act_${act}`)), '[]');
      // A different key for each reply, about as long as a hash.
      const key = Buffer.from(`${(run * 7919 + act * 104_729) % 999_983}`.padStart(32, '7')).toString('hex');
      addReply.run(`${key.slice(0, 56)}${run}${act}`, 'm', 'filled', startedAt, reply);
    }
  }
  database.exec('COMMIT');
  database.close();
}
