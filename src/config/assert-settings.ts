import { BoticelliError } from '../errors.js';
import { errorAt } from '../toml/problem.js';
import { describePath, type Path, quote } from '../toml/toml.js';
import type { EnvironmentVariable } from './environment-variables.js';
import { redactSecrets } from './redact-secrets.js';
import { isTrustedBaseUrl } from './service-urls.js';
import { findFileWith, type Sources } from './sources.js';

const geminiPath: Path = ['providers', 'gemini'];

/**
 * Rejects with `invalid_config` where the key would go to an address that the working folder names, in its
 * `boticelli.toml` or `.env`: whoever wrote the folder could collect keys by it. The address is fine where the key is of
 * the same `.env`, and where nobody else can be listening. A file that the person named with `--config` is the person's
 * own word, as a flag is; so is one in the user's config folder.
 */
export async function assertTrustedBaseUrl(
  { getVariable, files }: Sources,
  apiKey: EnvironmentVariable | undefined,
): Promise<void> {
  if (apiKey === undefined || apiKey.isFromDotEnv) return;
  const urlVariable = getVariable('GOOGLE_GEMINI_BASE_URL');
  if (urlVariable) {
    if (!urlVariable.isFromDotEnv || isTrustedBaseUrl(urlVariable.value)) return;
    throw new BoticelliError('invalid_config', untrustedUrlMessage(urlVariable.label, urlVariable.value), {
      hint: untrustedUrlHint,
    });
  }
  const path = [...geminiPath, 'base_url'];
  const file = findFileWith(path, files);
  const url = file?.settings.providers?.gemini?.base_url;
  if (!file?.isFromWorkingFolder || url === undefined || isTrustedBaseUrl(url)) return;
  throw await file.createError(
    errorAt('foreign-address', path, untrustedUrlMessage(describePath(path), url)),
    untrustedUrlHint,
  );
}

/** The host is all of an address that is ever printed. */
function untrustedUrlMessage(setting: string, url: string): string {
  return `${setting} would send your API key to ${new URL(url).host}, and someone else may have written this folder`;
}

const untrustedUrlHint =
  'If you trust that address, set GOOGLE_GEMINI_BASE_URL to it in your environment; or keep the key that belongs to it ' +
  "in this folder's .env, and none in the environment.";

/** Rejects where a tier is asked for that nothing defines: `usage` for the flag, `invalid_config` for what is set. */
export async function assertKnownTier(sources: Sources, known: string[], flag: string | undefined): Promise<void> {
  const names = known.join(', ');
  const redactName = (name: string) => redactSecrets(quote(name), sources.secrets);
  const hint = `The tiers are ${names}; [providers.gemini.tiers.<name>] in boticelli.toml defines another.`;
  if (flag !== undefined && !known.includes(flag)) {
    throw new BoticelliError('usage', `--tier ${redactName(flag)}: there is no such tier`, { hint });
  }
  const tierVariable = sources.getVariable('GEMINI_TIER');
  if (flag === undefined && tierVariable && !known.includes(tierVariable.value)) {
    throw new BoticelliError(
      'invalid_config',
      `${tierVariable.label} is ${redactName(tierVariable.value)}: there is no such tier`,
      { hint },
    );
  }
  const path = [...geminiPath, 'default_tier'];
  for (const file of sources.files) {
    const name = file.settings.providers?.gemini?.default_tier;
    if (name === undefined || known.includes(name)) continue;
    const message = `${describePath(path)} is ${quote(name)}, which no tier is called: the tiers are ${names}`;
    throw await file.createError(errorAt('unknown-tier', path, message, { suggest: { name, candidates: known } }));
  }
}
