import { BoticelliError } from '../errors.js';
import { defaultBaseUrl } from '../facts/requests.js';
import { errorAt } from '../toml/problem.js';
import { describePath } from '../toml/toml.js';
import type { EnvironmentVariable } from './environment-variables.js';
import type { Sources } from './sources.js';

export function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol);
}

/**
 * Checks that the API key is not sent to an address from the `boticelli.toml` or `.env` of the working folder, because
 * the author of the folder could collect keys that way. Google's own address and loopback addresses are allowed. Any
 * address is allowed if the key comes from the same `.env`. Addresses in the file of `--config` and in the user's own
 * settings file are allowed, because the user chose them.
 *
 * @throws BoticelliError `invalid_config`
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
  const path = ['providers', 'gemini', 'base_url'];
  const getBaseUrl = ({ settings }: Sources['files'][number]) => settings.providers?.gemini?.base_url;
  const file = files.find((candidate) => getBaseUrl(candidate) !== undefined);
  const url = file && getBaseUrl(file);
  if (!file?.isFromWorkingFolder || url === undefined || isTrustedBaseUrl(url)) return;
  throw await file.createError(
    errorAt('foreign-address', path, untrustedUrlMessage(describePath(path), url)),
    untrustedUrlHint,
  );
}

/** Returns the message about an untrusted URL. It shows only the host, because the rest may contain secrets. */
function untrustedUrlMessage(setting: string, url: string): string {
  return `${setting} would send your API key to ${new URL(url).host}, but this folder may come from someone else`;
}

const untrustedUrlHint =
  'If you trust that address, set GOOGLE_GEMINI_BASE_URL to it in your environment. ' +
  "If it has an API key of its own, put that key into this folder's .env and set none in the environment.";

/**
 * Whether an address is Google's own, with TLS, or a loopback address. Nobody else can receive a key that is sent to
 * these addresses. Text that is not a URL counts as trusted, because it is rejected before anything is sent.
 */
function isTrustedBaseUrl(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return true;
  const { origin, hostname } = new URL(baseUrl);
  return origin === new URL(defaultBaseUrl).origin || isLoopback(hostname);
}

/**
 * Whether a host name is a loopback address. The host name of a URL is normalized: `127.1` becomes `127.0.0.1`. Other
 * names are not trusted, because their DNS entries may lead anywhere.
 */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
