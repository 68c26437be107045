import { BoticelliError } from '../errors.js';
import { defaultModel } from '../facts.js';
import { isModelName, plainModelName } from '../narrative/model-name.js';

/** What holds for a run besides its flags and its file. */
export interface Settings {
  /** Absent where the environment has none: `--rehearse` needs none. */
  apiKey?: string;
  /** Where the service is; absent where that is Google's own address. */
  baseUrl?: string;
  /** The model of acts that name none. */
  defaultModel: string;
}

/**
 * Reads the settings from environment variables.
 * @throws BoticelliError `invalid_config` where one is set to what it can't be
 */
export function settingsFrom(environment: Record<string, string | undefined>): Settings {
  const set = (name: string) => environment[name]?.trim() || undefined;
  const baseUrl = set('GOOGLE_GEMINI_BASE_URL');
  const apiKey = set('GEMINI_API_KEY') ?? set('GOOGLE_API_KEY');
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseUrl }),
    defaultModel: modelFrom(set('BOTICELLI_MODEL') ?? defaultModel),
  };
}

function modelFrom(text: string): string {
  if (isModelName(text)) return plainModelName(text);
  throw new BoticelliError('invalid_config', `BOTICELLI_MODEL is no name of a model: "${text}"`, {
    hint: 'Give a name like gemini-flash-lite-latest.',
  });
}
