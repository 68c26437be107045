import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import { readRegularFile } from '../util/read-regular-file.js';
import type { SettingsFile } from './parse-settings-file.js';

/** The name of a settings file, in the working folder and in the user's config folder. */
const settingsFileName = 'boticelli.toml';
/** A settings file is a page of text; anything larger was named by mistake. */
const maxBytes = 1_000_000;

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
  const files = await Promise.all(
    listCandidates(options).map((candidate) => readIfPresent(candidate, options.secrets)),
  );
  return files.filter((file) => file !== undefined);
}

/** A file to look for. */
interface Candidate {
  /** Its name as the person knows it. */
  file: string;
  path: string;
  /** Whether the person named it, so that it must be there. */
  isExplicit: boolean;
  /** Whether it was just found in the working folder, which someone else may have written. */
  isFromWorkingFolder: boolean;
}

function listCandidates({ workingFolder, configFile, userConfigFolder }: SettingsFilesOptions): Candidate[] {
  const userPath = userConfigFolder === undefined ? undefined : join(userConfigFolder, settingsFileName);
  const workingFolderPath = join(workingFolder, settingsFileName);
  const userCandidates =
    userPath === undefined ? [] : [{ file: userPath, path: userPath, isExplicit: false, isFromWorkingFolder: false }];
  // What ssh and git users write for "no file at all".
  if (configFile === devNull) return userCandidates;
  if (configFile !== undefined) {
    return [
      { file: configFile, path: resolve(workingFolder, configFile), isExplicit: true, isFromWorkingFolder: false },
      ...userCandidates,
    ];
  }
  // In the user's own config folder the two are one file, and nobody else's.
  if (userPath !== undefined && resolve(userPath) === resolve(workingFolderPath)) return userCandidates;
  return [
    { file: settingsFileName, path: workingFolderPath, isExplicit: false, isFromWorkingFolder: true },
    ...userCandidates,
  ];
}

async function readIfPresent({ file, path, isExplicit, isFromWorkingFolder }: Candidate, secrets: readonly string[]) {
  const content = readRegularFile(path, maxBytes);
  if ('problem' in content) {
    const { reason, message } = content.problem;
    if (reason === 'missing' && !isExplicit) return undefined;
    throw new BoticelliError('invalid_config', `the settings file ${file} ${message}`, {
      hint: isExplicit ? 'Check the name that --config gives.' : 'Mend it, or move it away.',
    });
  }
  // TOML and its schema cost some 20 ms, and most runs have no settings file.
  const { parseSettingsFile } = await import('./parse-settings-file.js');
  return parseSettingsFile({ file, bytes: content.bytes, isFromWorkingFolder, secrets });
}
