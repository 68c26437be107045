import type { Settings } from '../../config/settings.js';
import type { ConcurrencyLimiter } from '../../driver/concurrency-limiter.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import { createLiveApiSelector } from '../../gemini/choose-api.js';
import { createGeminiDriver } from '../../gemini/driver.js';
import type { ResponseModeCache } from '../../gemini/live/options.js';
import { createModelListCache } from '../../gemini/models/cached-list.js';
import type { ConnectionOptions } from '../../gemini/options.js';
import { createModelListStore } from './model-list-cache.js';

export interface OpenGeminiOptions {
  /** Bounds of a call; the driver's own unless told. */
  timeouts?: { timeoutMs: number; idleTimeoutMs: number };
  /** What else can be done where there is no key: the end of a sentence. */
  missingKeyHint?: string;
  /** Whether models that can do both are asked over the Live API. */
  preferLive?: boolean | undefined;
  /** Where Live sessions take their places. */
  concurrencyLimiter?: ConcurrencyLimiter | undefined;
  /** What earlier runs learned of Live models. */
  responseModeCache?: ResponseModeCache | undefined;
}

/**
 * The bare driver that the settings lead to; it knows of the list of models what was kept of it. Throws `missing_api_key`
 * where there is none.
 */
export function openGemini(
  settings: Settings,
  { timeouts, missingKeyHint, preferLive = false, concurrencyLimiter, responseModeCache }: OpenGeminiOptions = {},
): BoticelliDriver {
  const connection = getConnection(settings, missingKeyHint);
  const modelListCache = createModelListCache({ ...connection, store: createModelListStore(settings) });
  return createGeminiDriver({
    ...connection,
    ...timeouts,
    modelListCache,
    usesLiveApi: createLiveApiSelector({ modelListCache, preferLive }),
    ...(concurrencyLimiter && { concurrencyLimiter }),
    ...(responseModeCache && { responseModeCache }),
  });
}

/** The service and the key that the settings name. Throws `missing_api_key` where there is none. */
export function getConnection({ apiKey, baseUrl, resolveProxy }: Settings, missingKeyHint = ''): ConnectionOptions {
  if (apiKey === undefined) {
    throw new BoticelliError('missing_api_key', 'there is no API key', {
      hint: `Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey${missingKeyHint}.`,
    });
  }
  return { apiKey, ...(resolveProxy && { resolveProxy }), ...(baseUrl !== undefined && { baseUrl }) };
}
