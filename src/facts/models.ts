/** Facts about Gemini's models. Each has its source and the date on which it was read. */

/**
 * The default model of acts that name no model. It is an alias, because versions retire: gemini-2.0-flash was shut down
 * on 2026-06-01, and gemini-2.5-flash and -pro retire on 2026-12-01 (ai.google.dev/gemini-api/docs/deprecations, read
 * 2026-11).
 */
export const defaultModel = 'gemini-flash-lite-latest';

/**
 * Valid model names. The SDK puts a name into a URL path without escaping it, so names that could change the path are
 * not valid.
 */
export const modelNamePattern = /^(?!.*\.\.)[\w.:@/-]+$/;

/**
 * Names of models that only support the Live API: gemini-3.8-live, gemini-3.1-flash-live-preview, …-native-audio-…
 * (the service's list as of 2026-11, and the names of 2025 in docs/deprecations). Used for models that neither
 * `builtInModels` nor the service's list contains.
 */
export const liveModelNamePattern = /-live(-|$)|native-audio/;

/** What is known about a model without asking the service. An absent field is unknown. */
export interface ModelFacts {
  /**
   * The API that serves the model: `generate` is REST, with or without streaming; `live` is the Live API, which does
   * not accept a JSON Schema; `both` means that either API serves it.
   */
  api: 'generate' | 'live' | 'both';
  /** The model thinks unless thinking is turned off, and `max_tokens` includes the thoughts. */
  thinksByDefault?: boolean;
  /** A Live model that does not reply in text: if text is requested, the service closes the connection with 1007. */
  isAudioOnly?: boolean;
  /** The amount of thinking can't be set. */
  hasFixedThinking?: boolean;
  /** The earliest shutdown date that Google gives, past or future, as in `2026-12-01`. */
  retiresOn?: string;
}

/**
 * Known models by name, read 2026-11 (ai.google.dev/gemini-api/docs/models and /docs/deprecations). The table is
 * incomplete, and the service's own list takes precedence: a model that is missing here must never be rejected, because
 * new models appear every month. A Map, because a lookup in an object would also find inherited names (`constructor`).
 */
export const builtInModels: ReadonlyMap<string, ModelFacts> = new Map<string, ModelFacts>([
  ['gemini-3.8-flash', { api: 'generate', thinksByDefault: true }],
  ['gemini-3.7-flash', { api: 'generate', thinksByDefault: true }],
  ['gemini-3.5-flash', { api: 'generate', thinksByDefault: true }],
  // Sources differ on whether the lite models think by default (2026-11).
  ['gemini-3.5-flash-lite', { api: 'generate' }],
  ['gemini-3.1-flash-lite', { api: 'generate' }],
  ['gemini-3.1-pro-preview', { api: 'generate', thinksByDefault: true }],
  // Aliases of the newest version.
  ['gemini-flash-latest', { api: 'generate', thinksByDefault: true }],
  ['gemini-flash-lite-latest', { api: 'generate' }],
  ['gemini-pro-latest', { api: 'generate', thinksByDefault: true }],
  // Live models; REST does not serve them. Rejections of TEXT were seen in 2026 (googleapis/python-genai#1780,
  // livekit/livekit#4103).
  ['gemini-3.8-live', { api: 'live', isAudioOnly: true, hasFixedThinking: true }],
  ['gemini-3.1-flash-live-preview', { api: 'live', isAudioOnly: true }],
  ['gemini-2.5-flash-native-audio-latest', { api: 'live', isAudioOnly: true }],
  // Retiring and retired models.
  ['gemini-2.5-pro', { api: 'generate', thinksByDefault: true, retiresOn: '2026-12-01' }],
  ['gemini-2.5-flash', { api: 'generate', thinksByDefault: true, retiresOn: '2026-12-01' }],
  ['gemini-2.0-flash', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-001', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-lite', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-lite-001', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-live-001', { api: 'live', retiresOn: '2025-12-09' }],
]);

/**
 * If `max_tokens` is smaller than this, a thinking model may use all of it for thoughts: of 500 tokens, 478 went to
 * thoughts and 18 to text (seen in 2026).
 */
export const thinkingReserveTokens = 1000;
