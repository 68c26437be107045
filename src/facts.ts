/**
 * Facts about Gemini that change: data, each with the day it was read and its source. Nothing else in the program
 * states them.
 */

/**
 * The model of acts that name none. An alias, for versions retire: gemini-2.0-flash was shut down on 2026-06-01,
 * gemini-2.5-flash and -pro retire on 2026-12-01 (ai.google.dev/gemini-api/docs/deprecations, read 2026-11).
 */
export const defaultModel = 'gemini-flash-lite-latest';

/** The service's address (ai.google.dev/api, read 2026-11). */
export const defaultBaseUrl = 'https://generativelanguage.googleapis.com';
