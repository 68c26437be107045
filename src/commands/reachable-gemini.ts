import type { Settings } from '../config/settings.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { BoticelliError } from '../errors.js';
import { createGeminiDriver } from '../gemini/gemini-driver.js';

export interface ReachableGeminiOptions {
  /** Bounds of a call; the driver's own unless told. */
  bounds?: { timeoutMs: number; idleTimeoutMs: number };
  /** What else can be done where there is no key: the end of a sentence. */
  withoutKey?: string;
}

/** The bare driver that the settings lead to. Throws `missing_api_key` where there is none. */
export function reachableGemini(
  { apiKey, baseUrl, proxyFor }: Settings,
  { bounds, withoutKey = '' }: ReachableGeminiOptions = {},
): BoticelliDriver {
  if (apiKey === undefined) {
    throw new BoticelliError('missing_api_key', 'there is no API key', {
      hint: `Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey${withoutKey}.`,
    });
  }
  return createGeminiDriver({ apiKey, proxyFor, ...(baseUrl !== undefined && { baseUrl }), ...bounds });
}
