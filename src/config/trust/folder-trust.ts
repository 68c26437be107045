import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { quote } from '../../toml/toml.js';
import { isWithinFolder } from '../../util/folder-boundary.js';
import type { UserFolders } from '../user-folders.js';

/** Whether the settings of the working folder are trusted. Someone else may have written its files. */
export interface FolderTrust {
  /** The working folder. */
  folder: string;
  isTrusted: boolean;
  /** The sentence that says how the user can trust the folder. */
  hint: string;
}

/**
 * Reads from `trust` in the user's own settings whether the working folder is trusted. A trusted folder includes its
 * subfolders, because a repository is trusted as a whole.
 */
export function readFolderTrust(
  folder: string,
  files: readonly { settings: { trust?: readonly string[] | undefined }; isFromWorkingFolder: boolean }[],
  userFolders: UserFolders,
): FolderTrust {
  const trusted = files.flatMap(({ settings, isFromWorkingFolder }) =>
    isFromWorkingFolder ? [] : (settings.trust ?? []),
  );
  return {
    folder,
    isTrusted: trusted.some((path) => isWithinFolder(folder, expandHome(path))),
    hint: `If you trust this folder, add trust = [${quote(folder)}] above the first table of ${describeUserFile(userFolders)}.`,
  };
}

function describeUserFile({ config }: UserFolders): string {
  return config === undefined ? 'a file that you name with --config' : join(config, 'boticelli.toml');
}

/**
 * Whether a text may be an entry of `trust`: an absolute path, `~`, or a path that begins with `~/`. A relative
 * path is not allowed, because its meaning would depend on the working folder.
 */
export function isValidTrustEntry(text: string): boolean {
  return isAbsolute(text) || /^~(?:\/|$)/.test(text);
}

function expandHome(path: string): string {
  return path.startsWith('~') ? join(homedir(), path.slice(1)) : path;
}
