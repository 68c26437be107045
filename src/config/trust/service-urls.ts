import { BoticelliError } from '../../errors.js';
import { defaultBaseUrl } from '../../facts/requests.js';
import { errorAt } from '../../toml/problem.js';
import { describePath, type Path } from '../../toml/toml.js';
import type { EnvironmentVariable } from '../environment-variables.js';
import type { FileSettings } from '../settings-schema.js';
import type { Sources } from '../sources.js';

/** Whether a text is a redis:// or rediss:// URL. */
export function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol);
}

/** A setting with the address of a service. */
interface AddressSetting {
  variable: 'GOOGLE_GEMINI_BASE_URL' | 'BOTICELLI_REDIS_URL';
  keyPath: Path;
  getFromFile: (settings: FileSettings) => string | undefined;
  /** Whether an address is safe even if someone else chose it. */
  isSafe: (url: string) => boolean;
  /** What the address would receive. */
  sent: string;
}

const baseUrlSetting: AddressSetting = {
  variable: 'GOOGLE_GEMINI_BASE_URL',
  keyPath: ['providers', 'gemini', 'base_url'],
  getFromFile: ({ providers }) => providers?.gemini?.base_url,
  isSafe: isSafeBaseUrl,
  sent: 'your API key',
};

const redisUrlSetting: AddressSetting = {
  variable: 'BOTICELLI_REDIS_URL',
  keyPath: ['quota', 'redis_url'],
  getFromFile: ({ quota }) => quota?.redis_url,
  isSafe: (url) => !URL.canParse(url) || isLoopback(new URL(url).hostname),
  sent: 'the names of your models and part of the hash of your API key',
};

/**
 * Checks that the API key is not sent to an address from the `boticelli.toml` or `.env` of the working folder, because
 * the author of the folder could collect keys that way. Google's own address and loopback addresses are allowed. Any
 * address is allowed if the key comes from that folder's own `.env`, or if the user trusts the folder. Addresses in the
 * file of `--config` and in the user's own settings file are allowed, because the user chose them.
 *
 * @throws BoticelliError `invalid_config`
 */
export async function assertTrustedBaseUrl(sources: Sources, apiKey: EnvironmentVariable | undefined): Promise<void> {
  if (apiKey === undefined || isFromOwnDotEnv(apiKey, sources)) return;
  const error = await findAddressError(baseUrlSetting, sources);
  if (error) throw error;
}

/**
 * Returns the error for a Redis address that comes from the working folder, by the rules of `assertTrustedBaseUrl`;
 * undefined if the address may be used. The error is not thrown here, because many commands need no Redis. The address
 * is checked even without a key, because Redis would still receive the names of models.
 */
export async function findRedisTrustError(
  sources: Sources,
  apiKey: EnvironmentVariable | undefined,
): Promise<BoticelliError | undefined> {
  return apiKey && isFromOwnDotEnv(apiKey, sources) ? undefined : findAddressError(redisUrlSetting, sources);
}

/**
 * Whether both the API key and the address of the service come from the working folder, and the folder is not trusted.
 */
export function isServiceFromUntrustedFolder(sources: Sources, apiKey: EnvironmentVariable | undefined): boolean {
  if (!apiKey || !isFromOwnDotEnv(apiKey, sources) || sources.trust.isTrusted) return false;
  const variable = sources.getVariable('GOOGLE_GEMINI_BASE_URL');
  if (variable) return variable.isFromDotEnv;
  return findFile(baseUrlSetting, sources)?.isFromWorkingFolder ?? false;
}

/** Whether a key is in the working folder's own `.env`, and not in a file elsewhere that this `.env` is a link to. */
function isFromOwnDotEnv({ isFromDotEnv }: EnvironmentVariable, { isDotEnvLinkedOutside }: Sources): boolean {
  return isFromDotEnv && !isDotEnvLinkedOutside;
}

/** Returns the error for an address that the working folder chose; undefined if the address may be used. */
async function findAddressError(setting: AddressSetting, sources: Sources): Promise<BoticelliError | undefined> {
  const { getVariable, trust } = sources;
  if (trust.isTrusted) return undefined;
  const variable = getVariable(setting.variable);
  const hint = createHint(setting, trust.hint);
  if (variable) {
    if (!variable.isFromDotEnv || setting.isSafe(variable.value)) return undefined;
    return new BoticelliError('invalid_config', describeAddress(setting, variable.label, variable.value), { hint });
  }
  const file = findFile(setting, sources);
  const url = file && setting.getFromFile(file.settings);
  if (!file?.isFromWorkingFolder || url === undefined || setting.isSafe(url)) return undefined;
  const message = describeAddress(setting, describePath(setting.keyPath), url);
  return file.createError(errorAt('foreign-address', setting.keyPath, message), hint);
}

/** Finds the file whose address is used if no variable has one. */
function findFile({ getFromFile }: AddressSetting, { files }: Sources) {
  return files.find(({ settings }) => getFromFile(settings) !== undefined);
}

/** Returns the message about an address. It shows only the host, because the rest may contain secrets. */
function describeAddress({ sent }: AddressSetting, label: string, url: string): string {
  return `${label} would send ${sent} to ${new URL(url).host}, but the current folder may come from someone else`;
}

function createHint({ variable }: AddressSetting, trustHint: string): string {
  const ownKeyHint =
    variable === 'GOOGLE_GEMINI_BASE_URL'
      ? " If the address has an API key of its own, put that key into this folder's .env and set none in the environment."
      : '';
  return `${trustHint} If you trust only that address, set ${variable} to it in your environment.${ownKeyHint}`;
}

/**
 * Whether an address is Google's own, with TLS, or a loopback address. Nobody else can receive a key that is sent to
 * these addresses. Text that is not a URL counts as safe, because it is rejected before anything is sent.
 */
function isSafeBaseUrl(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return true;
  const { origin, hostname } = new URL(baseUrl);
  return origin === new URL(defaultBaseUrl).origin || isLoopback(hostname);
}

/**
 * Whether a host name is this machine's usual loopback address. The host name of an http URL is normalized: `127.1`
 * becomes `127.0.0.1`. Other names are not safe, because their DNS entries may lead anywhere. Other addresses that
 * begin with 127 are not safe either, because tools such as kubefwd forward them to remote hosts.
 */
function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
