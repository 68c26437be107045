import { basename } from 'node:path';
import type LibSql from 'libsql';
import { addedColumns } from '../../src/database/schema.js';
import { queryRows } from './old-state.js';

/** Fields that differ each time: times, durations and random ids. */
const variableFields = new Set([
  ...['at', 'bookedAt', 'endsAt', 'expiresAt', 'learnedAt', 'closedUntil', 'refusedAt', 'guardChangedAt', 'until'],
  ...['id', 'edition', 'retryAt', 'durationMs', 'firstTokenMs', 'waitMs', 'delayMs'],
  ...['started_at', 'answered_at', 'fetched_at', 'learned_at', 'duration_ms', 'wait_ms'],
]);

/** Fields with sentences for people, which may be reworded. */
const messageFields = new Set(['message', 'hint']);

/** Fields and columns that were added after version 0.1. Version 0.1 ignores them, and keeps them when it writes. */
const addedFields = new Set(['servedInWindow', ...addedColumns.map(({ column }) => column)]);

/**
 * Replaces each value that may differ between two runs of the scenario (see scenario.ts) with the name of its type.
 * Leaves out thoughts and added fields, and parses JSON in strings.
 */
export function toComparable(value: unknown): unknown {
  if (typeof value === 'string' && /^[[{]/.test(value)) return toComparable(JSON.parse(value));
  if (Array.isArray(value)) return value.filter((element) => !isAboutThoughts(element)).map(toComparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !addedFields.has(name));
  return Object.fromEntries(entries.map(([name, field]) => [name, toComparableField(name, field)]));
}

/**
 * Whether an element is a thought, or a note about thoughts. Version 0.1 stored thoughts and sent them in later
 * requests. Later versions do neither, and store a note instead.
 */
function isAboutThoughts(element: unknown): boolean {
  const { thought, type, message } = Object(element) as Record<string, unknown>;
  return thought === true || (type === 'act-note' && String(message).includes('thoughts'));
}

function toComparableField(name: string, value: unknown): unknown {
  if (variableFields.has(name) || messageFields.has(name)) return value === null ? null : typeof value;
  // The reason of a wait is the code of its limit. The reason of a fallback is a sentence, which may be reworded.
  if (name === 'reason' && String(value).includes(' ')) return 'a sentence';
  if (name === 'file') return basename(String(value));
  // Redis stores an empty list as an object.
  if (name === 'appointments' || name === 'leases') return Object.values(value as object).map(toComparable);
  return toComparable(value);
}

/** The definitions of the added columns. Version 0.1 ignores them, because its statements name the columns they use. */
const addedDefinitions = new RegExp(`, (${addedColumns.map(({ column }) => column).join('|')}) TEXT(?=[,) ])`, 'g');

/**
 * Returns the schema version of a database, and its tables and indices. White space in definitions is ignored, and so
 * are columns that were added.
 */
export function readSchema(database: LibSql.Database) {
  const query = 'SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name';
  return {
    version: database.pragma('user_version'),
    definitions: queryRows<(string | null)[]>(database, query).map((row) =>
      row.map((text) => text?.replace(/\s+/g, ' ').replace(addedDefinitions, '') ?? null),
    ),
  };
}

/** Returns the comparable rows of the tables that version 0.1 has too. Their order is the same for each run. */
export function readContent(database: LibSql.Database) {
  const readAll = (query: string) => database.prepare(query).all().map(toComparable);
  return {
    // In stored names, a page is the quota state of a model, an answer a reply, and a manner how a Live model takes
    // prompts and replies.
    quota: readAll('SELECT * FROM quota_pages ORDER BY key'),
    replies: readAll('SELECT * FROM answers ORDER BY key, occurrence, answered_by'),
    runs: readAll('SELECT * FROM runs ORDER BY started_at'),
    // `ended` is the end event of an act, and `told` are the events before it.
    acts: readAll(
      `SELECT runs.file, runs.models_asked, acts.position, acts.act, acts.ended, acts.told, acts.cost_usd
       FROM acts JOIN runs ON runs.id = acts.run ORDER BY runs.started_at, acts.position`,
    ),
    // The keys begin with a hash of the service's address, which differs in each run.
    modelLists: readAll('SELECT substr(key, 18) AS rest_of_key, fetched_at, models FROM catalogues'),
    liveModes: readAll('SELECT model, manner, learned_at FROM live_manners'),
  };
}
