import type { Database } from '../../src/database/open.js';
import { rowRunsTable } from '../../src/database/schema.js';
import type { ActEnd } from '../../src/executor/narrative-events.js';

/** An act to store. Without `end` it has failed. */
interface StoredAct {
  act: string;
  end?: Partial<ActEnd> & Record<string, unknown>;
  events?: readonly object[];
}

/** A run to store. */
interface StoredRun {
  /** For the run of a row: the id of the whole run, a slash and the number of the row. */
  id: string;
  narrative?: string;
  status?: string | null;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  durationMs?: number | null;
  actCount?: number;
  actsEnded?: number;
  error?: { code: string; message: string; act?: string };
  acts?: readonly StoredAct[];
  /** The name of the source, if the run has rows. */
  source?: string;
  /** The label of the row, if this is the run of a row. */
  label?: string;
}

const usage = { promptTokens: 120, outputTokens: 40, thoughtTokens: 10, totalTokens: 170 };

/** Stores a run as the program does. Fields that a test leaves out have defaults. */
export function storeRun(database: Database.Database, run: StoredRun): void {
  const { id, acts = [], status = 'completed', startedAt = Date.UTC(2026, 10, 30, 9), durationMs = 6000 } = run;
  const endedActs = acts.filter(({ end }) => end !== undefined);
  const models = [...new Set(endedActs.map(({ end }) => end?.model ?? 'gemini-3.5-flash-lite'))];
  database
    .prepare(
      `INSERT INTO runs (id, narrative, file, file_hash, act_count, started_at, acts_ended, models_asked, models_served,
       attempts, wait_ms, usage, cost_usd, status, duration_ms, error) VALUES (?, ?, ?, 'f', ?, ?, ?, ?, ?, ?, 0, ?, 0.0021, ?, ?, ?)`,
    )
    .run(
      ...[id, run.narrative ?? 'release_post', '/home/someone/narratives/release_post.toml'],
      ...[
        run.actCount ?? acts.length,
        startedAt,
        run.actsEnded ?? endedActs.length,
        JSON.stringify(models),
        JSON.stringify(models),
      ],
      ...[acts.length, JSON.stringify(usage), status, durationMs, run.error ? JSON.stringify(run.error) : null],
    );
  // The column `ended` has the end event of an act, and `told` has the events before the end.
  const insertAct = database.prepare('INSERT INTO acts (run, position, act, ended, told) VALUES (?, ?, ?, ?, ?)');
  for (const [index, { act, end, events = [] }] of acts.entries()) {
    const endJson = end ? JSON.stringify({ ...createActEnd(act, index), ...end }) : null;
    insertAct.run(id, index, act, endJson, JSON.stringify(events));
  }
  // In `row_runs`, the whole run has the number 0, and the name of its source as its label.
  const label = run.source ?? run.label;
  if (label === undefined) return;
  database.exec(rowRunsTable);
  const [whole = '', number = '0'] = id.split('/');
  database.prepare('INSERT INTO row_runs VALUES (?, ?, ?)').run(whole, Number(number), label);
}

function createActEnd(act: string, index: number): ActEnd {
  return {
    ...{ type: 'act-end', act, index, model: 'gemini-3.5-flash-lite', requestedModel: 'gemini-3.5-flash-lite' },
    ...{ text: 'A reply.', finishReason: 'STOP', usage, attempts: 1, waitMs: 0, durationMs: 2000, reused: false },
  };
}

/** Stores a run with `count` rows, of which every tenth has failed. */
export function storeRowsRun(database: Database.Database, id: string, count: number): void {
  database.exec('BEGIN');
  storeRun(database, {
    id,
    narrative: 'comments',
    source: 'comments.csv',
    // In a run with rows, these are the number of rows and the number of rows that completed.
    actCount: count,
    actsEnded: count - Math.floor(count / 10),
    status: 'failed',
  });
  for (let number = 1; number <= count; number += 1) {
    const isFailed = number % 10 === 0;
    const text = `Row ${number} is **${number % 2 ? 'odd' : 'even'}**.\n\n${'A sentence of a reply. '.repeat(20)}`;
    storeRun(database, {
      ...{
        id: `${id}/${number}`,
        narrative: 'comments',
        label: `Comment ${number}`,
        durationMs: 500 + (number % 97) * 10,
      },
      ...(isFailed && { status: 'failed', error: { code: 'blocked', message: 'the service blocked the prompt' } }),
      acts: [isFailed ? { act: 'judge' } : { act: 'judge', end: { text } }],
    });
  }
  database.exec('COMMIT');
}
