import type { FileConfinement } from '../../narrative/narrative.js';
import { readDotEnv } from '../environment-variables.js';
import { findApiKey, readSources } from '../read-sources.js';
import type { SettingsOptions } from '../settings.js';
import { isServiceFromUntrustedFolder } from './service-urls.js';

/**
 * Returns the only folder that a run may send files from, or undefined if it may send any file. Files are confined if
 * both the API key and the address of the service come from the working folder and the folder is not trusted, because
 * the folder's author then receives everything that is sent. If the `.env` has no key, or can't be read, files are not
 * confined, and no other settings are read.
 *
 * @throws InvalidSettings for a settings file with errors
 */
export async function findFileConfinement(
  options: Omit<SettingsOptions, 'flags'>,
): Promise<FileConfinement | undefined> {
  const dotEnv = await readDotEnv(options.workingFolder).catch(() => new Map<string, string>());
  if (!dotEnv.has('GEMINI_API_KEY') && !dotEnv.has('GOOGLE_API_KEY')) return undefined;
  const sources = await readSources(options);
  if (!isServiceFromUntrustedFolder(sources, findApiKey(sources))) return undefined;
  const { folder, hint } = sources.trust;
  return { folder, reason: 'this folder chooses both the API key and the address that would receive the file', hint };
}
