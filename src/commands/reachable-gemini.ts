import type { Settings } from '../config/settings.js';
import type { BoticelliDriver } from '../driver/driver.js';
import type { Gate } from '../driver/gate.js';
import { BoticelliError } from '../errors.js';
import { cachedCatalogue } from '../gemini/cached-catalogue.js';
import type { ConnectionOptions } from '../gemini/driver-options.js';
import { createGeminiDriver } from '../gemini/gemini-driver.js';
import type { LiveMemory } from '../gemini/live/live-options.js';
import { liveRouting } from '../gemini/live-routing.js';
import { catalogueStore } from './catalogue-store.js';

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
