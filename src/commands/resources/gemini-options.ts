import type { Settings } from '../../config/settings.js';
import { BoticelliError } from '../../errors.js';
import { createLiveApiPredicate } from '../../gemini/choose-api.js';
import type { LiveModeCache } from '../../gemini/live/options.js';
import { createModelListCache } from '../../gemini/models/cached-list.js';
import type { ConnectionOptions, GeminiDriverOptions } from '../../gemini/options.js';
import { createModelListStore } from './model-list-store.js';

/** The options that the settings do not determine. */
interface GeminiRunOptions {
  /** Default: the timeouts of the driver. */
  timeouts?: { timeoutMs?: number; idleTimeoutMs: number };
  /** The end of the hint about a missing key: what else the user can do, such as `, or use --rehearse`. */
  missingKeyHintSuffix?: string;
  /** Use the Live API for models that support REST too. */
  preferLive?: boolean | undefined;
  /** How each Live model takes prompts, and whether it replies in text or speech, as earlier runs learned. */
  liveModeCache?: LiveModeCache | undefined;
}

/**
 * Returns the options of the Gemini driver, but not of the layers around it.
 * @throws BoticelliError `missing_api_key`
 */
export function createGeminiOptions(
  settings: Settings,
  { timeouts, missingKeyHintSuffix, preferLive = false, liveModeCache }: GeminiRunOptions = {},
): GeminiDriverOptions {
  const connection = getConnection(settings, missingKeyHintSuffix);
  const modelListCache = createModelListCache({ ...connection, store: createModelListStore(settings) });
  return {
    ...connection,
    ...timeouts,
    modelListCache,
    usesLiveApi: createLiveApiPredicate({ modelListCache, preferLive }),
    ...(liveModeCache && { liveModeCache }),
  };
}

/** Returns the address, key and proxies of the settings. @throws BoticelliError `missing_api_key` */
export function getConnection(
  { apiKey, baseUrl, resolveProxy }: Settings,
  missingKeyHintSuffix = '',
): ConnectionOptions {
  if (apiKey === undefined) {
    throw new BoticelliError('missing_api_key', 'no API key is set', {
      hint: `Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey${missingKeyHintSuffix}.`,
    });
  }
  return { apiKey, ...(resolveProxy && { resolveProxy }), ...(baseUrl !== undefined && { baseUrl }) };
}
