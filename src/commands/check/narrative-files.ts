import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { convertSystemError, type FileError } from '../../util/read-regular-file.js';

/** A file to check, or a name for which there is none. */
export type NarrativeFile = { file: string } | UnreadableFile;

/** A file that can't be read, and why. */
export interface UnreadableFile {
  file: string;
  problem: string;
}

/**
 * The files that arguments stand for: files and `-` for themselves, a folder for every `*.toml` in it and below it, in the
 * order of their names. Hidden ones, node_modules and settings are passed over, and folders that are linked to. Each file
 * comes once.
 */
export function findNarrativeFiles(names: readonly string[]): NarrativeFile[] {
  const found = names.flatMap((name) => (isFolder(name) ? findFilesInFolder(name) : [{ file: name }]));
  const byName = new Map(found.map((file) => [file.file, file]));
  return [...byName.values()];
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
  return [{ file: folder, problem: `${folder} has no narratives in it: no file that ends with .toml` }];
}

/** What stands in a folder and below it. One that can't be read is told of, and hides nothing but what is in it. */
function findTomlFiles(folder: string): NarrativeFile[] {
  const entries = readEntries(folder);
  if ('problem' in entries) return [{ file: folder, problem: `${folder} ${entries.problem.message}` }];
  // Joined once for all of them: there may be thousands.
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
  // A link that leads nowhere is handed on, so that it is told of; one to a folder could lead in a circle.
  return entry.isFile() || (entry.isSymbolicLink() && !isFolder(path));
}
