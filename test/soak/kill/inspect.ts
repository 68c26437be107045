import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import LibSql from 'libsql';
import { databasePath } from '../../../src/database/open.js';
import { readSchemaVersion } from '../../../src/database/schema.js';
import { tryParseJson } from '../../../src/util/json.js';
import { identifyStored, renderReply } from './narratives.js';

/** What the state folder has after a process ended. */
export interface StoredState {
  /** A name for each stored reply, such as `kill-1-a act 3`: what the parameter `identify` of `readState` returns. */
  storedReplies: Set<string>;
  /** The result of SQLite's integrity check. */
  integrity: string;
}

/**
 * Reads the database as the next process will find it. Reads a copy of the files, because opening them would repair
 * them after a kill. The index of the write-ahead log is not copied: SQLite rebuilds it.
 *
 * @param identify returns the name of a reply in `storedReplies`
 */
export function readState(stateFolder: string, identify = identifyStored): StoredState {
  const path = databasePath(stateFolder);
  if (!existsSync(path)) return { storedReplies: new Set(), integrity: 'ok' };
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-copy-'));
  const copy = databasePath(folder);
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  const database = new LibSql(copy);
  try {
    const hasTables = readSchemaVersion(database) > 0;
    const rows = hasTables ? database.prepare('SELECT key, reply FROM answers').raw(true).all() : [];
    const names = (rows as [string, string][]).map(([key, reply]) => identify(key, JSON.parse(reply)));
    const [check] = database.pragma('integrity_check') as object[];
    return { storedReplies: new Set(names), integrity: String(Object.values(check ?? {})[0]) };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

/** The result of checking the files of `--out-dir`. */
export interface FileCheck {
  problems: string[];
  /** The number of files that are not temporary. */
  written: number;
  /** The number of temporary files, which killed processes have left. */
  leftBehind: number;
}

/**
 * Checks that every file of `--out-dir` is whole and every reply is the expected one. Temporary files are only counted.
 *
 * @param names the names of the narratives; if there are several, each has a folder
 */
export function checkOutDir(outDir: string, names: readonly string[]): FileCheck {
  const paths = existsSync(outDir) ? readdirSync(outDir, { recursive: true, encoding: 'utf8' }) : [];
  const files = paths.filter((path) => names.length === 1 || path.includes('/'));
  const [temporary, written] = [files.filter(isTemporary), files.filter((path) => !isTemporary(path))];
  const torn = written.filter((path) => {
    const text = readFileSync(join(outDir, path), 'utf8');
    if (basename(path) === 'run.json') return tryParseJson(text) === undefined;
    const [, act] = /^0\d-act_(\d)\.md$/.exec(basename(path)) ?? [];
    return text !== renderReply(names.length === 1 ? (names[0] ?? '') : dirname(path), Number(act));
  });
  return {
    problems: torn.map((path) => `torn or unexpected file ${path}`),
    written: written.length,
    leftBehind: temporary.length,
  };
}

function isTemporary(path: string): boolean {
  return path.endsWith('.unfinished');
}

/**
 * Checks the lines of a recording.
 *
 * @param count the number of lines that it must have. By default any number is right, and the last line may be incomplete
 */
export function checkRecording(path: string, count?: number): string[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [''];
  const lastLine = lines.pop();
  const broken = lines.flatMap((line, index) => (isRecordedLine(line) ? [] : [index + 1]));
  return [
    ...broken.map((number) => `line ${number} of ${lines.length} of the recording is broken`),
    ...(count === undefined || lines.length === count ? [] : [`${lines.length} recorded lines instead of ${count}`]),
    ...(count === undefined || lastLine === '' ? [] : [`the recording ends with ${lastLine?.slice(0, 80)}`]),
  ];
}

function isRecordedLine(line: string): boolean {
  const entry = tryParseJson(line) as { reply?: { text?: string } } | undefined;
  const text = entry?.reply?.text ?? '';
  const [, act, name = ''] = /^Part 1 of reply (\d+) of (.*?): /.exec(text) ?? [];
  return text === renderReply(name, Number(act));
}
