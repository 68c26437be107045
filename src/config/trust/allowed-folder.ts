import type { AllowedFolder } from '../../narrative/narrative.js';
import { readDotEnv } from '../environment-variables.js';
import { findApiKey, readSources } from '../read-sources.js';
import type { SettingsOptions } from '../settings.js';
import { isServiceFromUntrustedFolder } from './service-urls.js';

/**
 * Returns the only folder from which a run may send files, or undefined if a run may send any file.
 *
 * If the user does not trust the working folder, and the folder's settings choose both the API key and the address of
 * the service, the folder's author receives everything that is sent. A run may then send only files of the working
 * folder, so that files of other folders stay private. If the folder's `.env` has no key, or can't be read, no other
 * settings are read, and the result is undefined.
 *
 * @throws InvalidSettings for a settings file with errors
 */
export async function findAllowedFolder(options: Omit<SettingsOptions, 'flags'>): Promise<AllowedFolder | undefined> {
  const dotEnv = await readDotEnv(options.workingFolder).catch(() => new Map<string, string>());
  if (!dotEnv.has('GEMINI_API_KEY') && !dotEnv.has('GOOGLE_API_KEY')) return undefined;
  const sources = await readSources(options);
  if (!isServiceFromUntrustedFolder(sources, findApiKey(sources))) return undefined;
  const { folder, hint } = sources.trust;
  return { folder, reason: 'this folder chooses both the API key and the address that would receive the file', hint };
}
