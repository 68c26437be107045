/**
 * Facts about Gemini's API and its request parameters, each with its source and the month in which the source was read.
 */

/** The service's base URL (ai.google.dev/api, read 2026-11). */
export const defaultBaseUrl = 'https://generativelanguage.googleapis.com';

/** Maximum number of stop sequences (ai.google.dev/api/generate-content, GenerationConfig: "up to 5", read 2026-11). */
export const maxStopSequences = 5;

/**
 * The harm categories whose threshold a narrative can set: their names in Gemini's API, by their names in narratives
 * (ai.google.dev/gemini-api/docs/safety-settings, read 2026-11). The API has deprecated civic integrity, so it is
 * omitted.
 */
export const harmCategories = {
  harassment: 'HARM_CATEGORY_HARASSMENT',
  hate_speech: 'HARM_CATEGORY_HATE_SPEECH',
  sexually_explicit: 'HARM_CATEGORY_SEXUALLY_EXPLICIT',
  dangerous_content: 'HARM_CATEGORY_DANGEROUS_CONTENT',
} as const;

/**
 * The blocking thresholds of harm categories: their names in Gemini's API, by their names in narratives
 * (ai.google.dev/gemini-api/docs/safety-settings, read 2026-11).
 */
export const harmThresholds = {
  low_and_above: 'BLOCK_LOW_AND_ABOVE',
  medium_and_above: 'BLOCK_MEDIUM_AND_ABOVE',
  only_high: 'BLOCK_ONLY_HIGH',
  none: 'BLOCK_NONE',
  off: 'OFF',
} as const;
