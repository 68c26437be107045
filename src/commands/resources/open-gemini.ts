import type { Settings } from '../../config/settings.js';
import type { Gate } from '../../driver/concurrency-limiter.js';
import type { BoticelliDriver } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import { liveRouting } from '../../gemini/choose-api.js';
import { createGeminiDriver } from '../../gemini/driver.js';
import type { LiveMemory } from '../../gemini/live/options.js';
import { cachedCatalogue } from '../../gemini/models/cached-list.js';
import type { ConnectionOptions } from '../../gemini/options.js';
import { catalogueStore } from './model-list-cache.js';

export interface ReachableGeminiOptions {
  /** Bounds of a call; the driver's own unless told. */
  bounds?: { timeoutMs: number; idleTimeoutMs: number };
  /** What else can be done where there is no key: the end of a sentence. */
  withoutKey?: string;
  /** Whether models that can do both are asked over the Live API. */
  preferLive?: boolean | undefined;
  /** Where Live sessions take their places. */
  gate?: Gate | undefined;
  /** What earlier runs learned of Live models. */
  memory?: LiveMemory | undefined;
}

/**
 * The bare driver that the settings lead to; it knows of the list of models what was kept of it. Throws `missing_api_key`
 * where there is none.
 */
export function reachableGemini(
  settings: Settings,
  { bounds, withoutKey, preferLive = false, gate, memory }: ReachableGeminiOptions = {},
): BoticelliDriver {
  const connection = connectionOf(settings, withoutKey);
  const catalogue = cachedCatalogue({ ...connection, store: catalogueStore(settings) });
  return createGeminiDriver({
    ...connection,
    ...bounds,
    catalogue,
    speaksLive: liveRouting({ catalogue, preferLive }),
    ...(gate && { gate }),
    ...(memory && { memory }),
  });
}

/** The service and the key that the settings name. Throws `missing_api_key` where there is none. */
export function connectionOf({ apiKey, baseUrl, proxyFor }: Settings, withoutKey = ''): ConnectionOptions {
  if (apiKey === undefined) {
    throw new BoticelliError('missing_api_key', 'there is no API key', {
      hint: `Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey${withoutKey}.`,
    });
  }
  return { apiKey, ...(proxyFor && { proxyFor }), ...(baseUrl !== undefined && { baseUrl }) };
}
