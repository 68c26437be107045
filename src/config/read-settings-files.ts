import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import { isSamePath } from '../util/folder-boundary.js';
import { findAccessProblem, readRegularFile } from '../util/read-regular-file.js';
import type { SettingsFile } from './sources.js';

/** The name of the settings file, in the working folder and in the user's config folder. */
const settingsFileName = 'boticelli.toml';
/** The maximum size of a settings file. Settings files are short, so a larger one was probably named by mistake. */
const maxBytes = 1_000_000;

/** Where to look for settings files. */
interface SettingsFilesOptions {
  workingFolder: string;
  /** The file given with `--config`. It is read instead of the one in the working folder. */
  configFile?: string | undefined;
  userConfigFolder?: string | undefined;
  /** API keys. They must not appear in any message. */
  secrets: readonly string[];
  warn: (text: string) => void;
}

/**
 * Reads the settings files that exist, highest precedence first.
 *
 * @throws InvalidSettings for a file with errors
 * @throws BoticelliError `invalid_config` for a file that can't be read
 */
export async function readSettingsFiles(options: SettingsFilesOptions): Promise<SettingsFile[]> {
  const files = await Promise.all(listCandidates(options).map((candidate) => readIfPresent(candidate, options)));
  return files.filter((file) => file !== undefined);
}

/** A file that may exist. */
interface Candidate {
  /** The file's name as the user knows it, for messages. */
  displayName: string;
  /** The absolute path from which the file is read. */
  path: string;
  /** Whether the user named the file explicitly. If so, it must exist. */
  isExplicit: boolean;
  /** Whether the file was found in the working folder. Such a file may have been written by someone else. */
  isFromWorkingFolder: boolean;
}

function listCandidates({ workingFolder, configFile, userConfigFolder }: SettingsFilesOptions): Candidate[] {
  const userPath = userConfigFolder === undefined ? undefined : join(userConfigFolder, settingsFileName);
  const userFiles = userPath === undefined ? [] : [{ displayName: userPath, path: userPath }];
  const userCandidates = userFiles.map((file) => ({ ...file, isExplicit: false, isFromWorkingFolder: false }));
  // With `--config /dev/null`, the user's own settings file is read, but no `boticelli.toml` in the working folder.
  if (configFile === devNull) return userCandidates;
  const path = resolve(workingFolder, configFile ?? settingsFileName);
  if (configFile !== undefined)
    return [{ displayName: configFile, path, isExplicit: true, isFromWorkingFolder: false }, ...userCandidates];
  // If the working folder is the user's config folder, both candidates are the same file, which belongs to the user.
  // `isSamePath` follows links, because that folder, or the file in it, is often a link into a repository of dotfiles.
  if (userPath !== undefined && isSamePath(userPath, path)) return userCandidates;
  return [{ displayName: settingsFileName, path, isExplicit: false, isFromWorkingFolder: true }, ...userCandidates];
}

async function readIfPresent(candidate: Candidate, { secrets, warn }: SettingsFilesOptions) {
  const { displayName, path, isExplicit, isFromWorkingFolder } = candidate;
  const content = readRegularFile(path, maxBytes);
  if (!content.ok) {
    const { reason, message } = content.problem;
    if (reason === 'missing' && !isExplicit) return undefined;
    // In containers and CI, HOME is often the home folder of another user. If it can't be entered, nobody knows whether
    // it has a settings file. It is unlikely to have one of this user, so there is a warning instead of an error.
    if (!isExplicit && !isFromWorkingFolder && findAccessProblem(path) !== undefined) {
      warn(`the settings file ${displayName} ${message}, so it is ignored`);
      return undefined;
    }
    throw new BoticelliError('invalid_config', `the settings file ${displayName} ${message}`, {
      hint: isExplicit ? 'Check the file name given to --config.' : 'Fix the file, or move it elsewhere.',
    });
  }
  // Loaded on demand: loading TOML and the schema takes about 20 ms, and most runs have no settings file.
  const { parseSettingsFile } = await import('./parse-settings-file.js');
  return parseSettingsFile(content.bytes, candidate, secrets);
}
