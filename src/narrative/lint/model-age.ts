import { builtInModels } from '../../facts/models.js';

/**
 * Whether a model's name says that it is younger than all those of facts.ts, of which nothing can be known then: of
 * `gemini-4.1-flash`, say. Other families than Gemini (`gemma-4-31b-it`) have no entries there at all.
 */
export function isNewerThanKnownModels(name: string): boolean {
  if (/^gemma-/.test(name)) return true;
  const version = parseVersion(name);
  return version !== undefined && version > newestVersion;
}

/** `gemini-3.8-flash` is 3.008, so that 3.10 comes after 3.9. */
function parseVersion(name: string): number | undefined {
  const [, major, minor = '0'] = /^gemini-(\d+)(?:\.(\d+))?-/.exec(name) ?? [];
  return major === undefined ? undefined : Number(major) + Number(minor) / 1000;
}

const newestVersion = Math.max(...[...builtInModels.keys()].map((name) => parseVersion(name) ?? 0));
