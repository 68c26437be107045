import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { convertSystemError, type FileError } from '../../util/read-regular-file.js';

/** A file to check, or a file or folder that can't be checked. */
export type NarrativeFile = { file: string } | UnreadableFile;

/** A file or folder that can't be read, or a folder without narratives, with the reason. */
export interface UnreadableFile {
  file: string;
  problem: string;
}

/**
 * Expands arguments to files. A folder is replaced by all `*.toml` files in it and its subfolders, sorted by name, without
 * hidden files and folders, `node_modules`, `boticelli.toml` and symbolic links to folders. Each file is listed once.
 */
export function findNarrativeFiles(names: readonly string[]): NarrativeFile[] {
  const found = names.flatMap((name) => (isFolder(name) ? findFilesInFolder(name) : [{ file: name }]));
  const byPath = new Map<string, NarrativeFile>();
  for (const file of found) {
    const path = file.file === '-' ? '-' : resolve(file.file);
    if (!byPath.has(path)) byPath.set(path, file);
  }
  return [...byPath.values()];
}

function isFolder(name: string): boolean {
  try {
    return name !== '-' && statSync(name).isDirectory();
  } catch {
    return false;
  }
}

function findFilesInFolder(folder: string): NarrativeFile[] {
  const found = findTomlFiles(folder);
  if (found.length > 0) return found;
  return [{ file: folder, problem: `${folder} contains no .toml files` }];
}

/**
 * Lists the narrative files of a folder and its subfolders. An unreadable folder is listed with its problem, and the
 * search continues.
 */
function findTomlFiles(folder: string): NarrativeFile[] {
  const entries = readEntries(folder);
  if ('problem' in entries) return [{ file: folder, problem: `${folder} ${entries.problem.message}` }];
  // `join` is called once per folder rather than once per entry, because there may be thousands of entries.
  const pathPrefix = join(folder, '_').slice(0, -1);
  return entries.flatMap((entry) => {
    const path = `${pathPrefix}${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : findTomlFiles(path);
    return isNarrativeFile(entry, path) ? [{ file: path }] : [];
  });
}

function readEntries(folder: string): Dirent[] | { problem: FileError } {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
    return entries.sort(({ name: left }, { name: right }) => (left < right ? -1 : 1));
  } catch (thrown) {
    return convertSystemError(thrown as NodeJS.ErrnoException);
  }
}

function isNarrativeFile(entry: Dirent, path: string): boolean {
  if (!entry.name.endsWith('.toml') || entry.name === 'boticelli.toml') return false;
  // A broken link is included so that it gets reported. A link to a folder is skipped because it could create a cycle.
  return entry.isFile() || (entry.isSymbolicLink() && !isFolder(path));
}
