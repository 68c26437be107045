import { resolve } from 'node:path';
import { type Fault, fault } from '../toml/fault.js';
import { readRegularFile } from '../toml/regular-file.js';
import { type Path, quoted, type TomlTable, tableWords, valueWords } from '../toml/toml.js';
import { notYet } from './not-yet.js';

/** The most that a request can carry (ai.google.dev/gemini-api/docs/file-input-methods, raised from 20 MB in 2026-01). */
const mostBytes = 100_000_000;

/** Where media comes from, as the table at `path` says. */
export interface MediaSource {
  table: TomlTable;
  path: Path;
  /** The folder that relative paths start from. */
  folder: string;
  report: (fault: Fault) => void;
}

/** Bytes, and the words that a message calls them by. */
export interface MediaBytes {
  bytes: Buffer;
  words: string;
  /** Where they are given: the path of `file` or `base64`. */
  path: Path;
}

/** The bytes that a table names or holds. Where there are none to be had, that is reported. */
export async function mediaBytes({ table, path, folder, report }: MediaSource): Promise<MediaBytes | undefined> {
  const { file, base64 } = table;
  if (file !== undefined && base64 !== undefined) {
    report(fault('conflicting-keys', path, `${tableWords(path)} has both "file" and "base64"`, { target: 'key' }));
    return undefined;
  }
  // What is neither given nor of the right type was reported by the schema, but that one of them must be there.
  if (typeof file === 'string') return fileBytes({ file, path: [...path, 'file'], folder, report });
  if (typeof base64 === 'string') return base64Bytes(base64, [...path, 'base64'], report);
  const isElsewhere = table.url !== undefined || table.ref !== undefined;
  if (file === undefined && base64 === undefined && !isElsewhere) {
    report(fault('missing-key', path, `${tableWords(path)} has neither "file" nor "base64"`, { target: 'key' }));
  }
  return undefined;
}

async function fileBytes({
  file,
  path,
  folder,
  report,
}: Omit<MediaSource, 'table'> & { file: string }): Promise<MediaBytes | undefined> {
  if (/^https?:\/\//i.test(file)) {
    report(notYet(path, 'media from a URL'));
    return undefined;
  }
  const content = await readRegularFile(resolve(folder, file), mostBytes);
  if ('bytes' in content) return { bytes: content.bytes, words: quoted(file), path };
  const rule = content.problem.reason === 'too-large' ? 'media-too-large' : 'media-not-found';
  report(fault(rule, path, `the file ${quoted(file)} ${content.problem.words}`));
  return undefined;
}

function base64Bytes(base64: string, path: Path, report: MediaSource['report']): MediaBytes | undefined {
  if (base64.trimStart().startsWith('data:')) {
    report(fault('bad-base64', path, `${valueWords(path)} is a data: URL: give only what follows its comma`));
    return undefined;
  }
  // Long base64 is written over several lines.
  const packed = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed) || packed.replace(/=+$/, '').length % 4 === 1) {
    report(fault('bad-base64', path, `${valueWords(path)} is no base64`));
    return undefined;
  }
  return { bytes: Buffer.from(packed, 'base64'), words: valueWords(path), path };
}
