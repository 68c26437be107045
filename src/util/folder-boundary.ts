import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Whether a path is inside a folder, or is that folder, after all symbolic links are resolved. Neither need exist. */
export function isWithinFolder(path: string, folder: string): boolean {
  const relativePath = relative(resolveLinks(folder), resolveLinks(path));
  return !isAbsolute(relativePath) && relativePath !== '..' && !relativePath.startsWith(`..${sep}`);
}

/** Whether two paths lead to the same place, after all symbolic links are resolved. The paths need not exist. */
export function isSamePath(path: string, other: string): boolean {
  return resolve(path) === resolve(other) || resolveLinks(path) === resolveLinks(other);
}

/** The number of links after which resolving gives up, as Linux does (path_resolution(7)). */
const maxLinks = 40;

/**
 * Resolves all symbolic links of a path. `realpath` alone is not enough, because it fails for a link to a file that
 * does not exist, and for a file that is still to be created.
 */
function resolveLinks(path: string, linksLeft = maxLinks): string {
  const absolutePath = resolve(path);
  try {
    return realpathSync(absolutePath);
  } catch {
    const target = readLink(absolutePath);
    const parent = dirname(absolutePath);
    if (target !== undefined && linksLeft > 0) return resolveLinks(resolve(parent, target), linksLeft - 1);
    return parent === absolutePath ? absolutePath : join(resolveLinks(parent, linksLeft), basename(absolutePath));
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a path itself is a symbolic link. False if it does not exist. */
export function isSymbolicLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
