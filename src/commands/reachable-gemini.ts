import type { Settings } from '../config/settings.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { BoticelliError } from '../errors.js';
import { createGeminiDriver } from '../gemini/gemini-driver.js';

/** The bare driver that the settings lead to. Rejects with `missing_api_key` where there is none. */
export async function reachableGemini({ apiKey, baseUrl }: Settings): Promise<BoticelliDriver> {
  if (apiKey === undefined) {
    throw new BoticelliError('missing_api_key', 'there is no API key', {
      hint: 'Set GEMINI_API_KEY to a key from https://aistudio.google.com/apikey.',
    });
  }
  return createGeminiDriver({ apiKey, ...(baseUrl !== undefined && { baseUrl }) });
}
