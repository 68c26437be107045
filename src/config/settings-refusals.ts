import { BoticelliError } from '../errors.js';
import { fault } from '../toml/fault.js';
import { type Path, quoted, valueWords } from '../toml/toml.js';
import { isOwnAddress } from './address.js';
import { withoutSecrets } from './secrets.js';
import { fileWith, type Sources } from './sources.js';
import type { Variable } from './variables.js';

const gemini: Path = ['providers', 'gemini'];

/**
 * Rejects with `invalid_config` where the key would go to an address that the working folder names, in its
 * `boticelli.toml` or `.env`: whoever wrote the folder could collect keys by it. The address is fine where the key is of
 * the same `.env`, and where nobody else can be listening. A file that the person named with `--config` is the person's
 * own word, as a flag is; so is one in the user's config folder.
 */
export async function refuseForeignAddress({ variable, files }: Sources, apiKey: Variable | undefined): Promise<void> {
  if (apiKey === undefined || apiKey.isFromDotEnv) return;
  const set = variable('GOOGLE_GEMINI_BASE_URL');
  if (set) {
    if (!set.isFromDotEnv || isOwnAddress(set.value)) return;
    throw new BoticelliError('invalid_config', foreign(set.words, set.value), { hint: whatToDo });
  }
  const path = [...gemini, 'base_url'];
  const file = fileWith(path, files);
  const url = file?.written.providers?.gemini?.base_url;
  if (!file?.isFound || url === undefined || isOwnAddress(url)) return;
  throw await file.refusal(fault('foreign-address', path, foreign(valueWords(path), url)), whatToDo);
}

/** The host is all of an address that is ever printed. */
function foreign(setting: string, url: string): string {
  return `${setting} would send your API key to ${new URL(url).host}, and someone else may have written this folder`;
}

const whatToDo =
  'If you trust that address, set GOOGLE_GEMINI_BASE_URL to it in your environment; or keep the key that belongs to it ' +
  "in this folder's .env, and none in the environment.";

/** Rejects where a tier is asked for that nothing defines: `usage` for the flag, `invalid_config` for what is set. */
export async function refuseUnknownTiers(sources: Sources, known: string[], flag: string | undefined): Promise<void> {
  const names = known.join(', ');
  const shown = (name: string) => withoutSecrets(quoted(name), sources.secrets);
  const hint = `The tiers are ${names}; [providers.gemini.tiers.<name>] in boticelli.toml defines another.`;
  if (flag !== undefined && !known.includes(flag)) {
    throw new BoticelliError('usage', `--tier ${shown(flag)}: there is no such tier`, { hint });
  }
  const set = sources.variable('GEMINI_TIER');
  if (flag === undefined && set && !known.includes(set.value)) {
    throw new BoticelliError('invalid_config', `${set.words} is ${shown(set.value)}: there is no such tier`, { hint });
  }
  const path = [...gemini, 'default_tier'];
  for (const file of sources.files) {
    const name = file.written.providers?.gemini?.default_tier;
    if (name === undefined || known.includes(name)) continue;
    const message = `${valueWords(path)} is ${quoted(name)}, which no tier is called: the tiers are ${names}`;
    throw await file.refusal(fault('unknown-tier', path, message, { misnamed: { name, known } }));
  }
}
