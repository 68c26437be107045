import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import { readRegularFile } from '../util/read-regular-file.js';
import type { SettingsFile } from './settings-file.js';

/** The name of a settings file, in the working folder and in the user's config folder. */
const fileName = 'boticelli.toml';
/** A settings file is a page of text; anything larger was named by mistake. */
const mostBytes = 1_000_000;

/** Where settings files may be. */
export interface SettingsFilesOptions {
  workingFolder: string;
  /** The file that the person named, instead of the working folder's. */
  configFile?: string | undefined;
  userConfigFolder?: string | undefined;
  /** Keys that must not be shown where a file has faults. */
  secrets: readonly string[];
}

/**
 * Reads the settings files that there are, the one that beats the others first.
 * Rejects with InvalidSettings for one with faults, and with `invalid_config` for one that can't be read.
 */
export async function readSettingsFiles(options: SettingsFilesOptions): Promise<SettingsFile[]> {
  const files = await Promise.all(candidatesOf(options).map((candidate) => readIfThere(candidate, options.secrets)));
  return files.filter((file) => file !== undefined);
}

/** A file to look for. */
interface Candidate {
  /** Its name as the person knows it. */
  file: string;
  path: string;
  /** Whether the person named it, so that it must be there. */
  isNamed: boolean;
  /** Whether it was just found in the working folder, which someone else may have written. */
  isFound: boolean;
}

function candidatesOf({ workingFolder, configFile, userConfigFolder }: SettingsFilesOptions): Candidate[] {
  const users = userConfigFolder === undefined ? undefined : join(userConfigFolder, fileName);
  const found = join(workingFolder, fileName);
  const user = users === undefined ? [] : [{ file: users, path: users, isNamed: false, isFound: false }];
  // What ssh and git users write for "no file at all".
  if (configFile === devNull) return user;
  if (configFile !== undefined) {
    return [{ file: configFile, path: resolve(workingFolder, configFile), isNamed: true, isFound: false }, ...user];
  }
  // In the user's own config folder the two are one file, and nobody else's.
  if (users !== undefined && resolve(users) === resolve(found)) return user;
  return [{ file: fileName, path: found, isNamed: false, isFound: true }, ...user];
}

async function readIfThere({ file, path, isNamed, isFound }: Candidate, secrets: readonly string[]) {
  const content = readRegularFile(path, mostBytes);
  if ('problem' in content) {
    const { reason, words } = content.problem;
    if (reason === 'missing' && !isNamed) return undefined;
    throw new BoticelliError('invalid_config', `the settings file ${file} ${words}`, {
      hint: isNamed ? 'Check the name that --config gives.' : 'Mend it, or move it away.',
    });
  }
  // TOML and its schema cost some 20 ms, and most runs have no settings file.
  const { settingsFileOf } = await import('./settings-file.js');
  return settingsFileOf({ file, bytes: content.bytes, isFound, secrets });
}
