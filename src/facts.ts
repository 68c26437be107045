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

/** Limits of one model: requests and input tokens a minute, requests a Pacific day, requests or Live sessions at once. */
export interface LimitValues {
  rpm?: number;
  tpm?: number;
  rpd?: number;
  maxConcurrent?: number;
}

/** The limits of a tier. A model's entry is all there is for it; `otherwise` is for the models without one. */
export interface TierLimits {
  defaults: LimitValues;
  /** For Live models without an entry; as `otherwise` unless there is one. */
  liveDefaults?: LimitValues;
  models: Readonly<Record<string, LimitValues>>;
}

/**
 * What can be the name of a model: it becomes part of a URL's path, in which the SDK escapes nothing. Which ones there are, the
 * service alone knows.
 */
export const modelNamePattern = /^(?!.*\.\.)[\w.:@/-]+$/;

/**
 * Names of models that speak the Live API alone: gemini-3.8-live, gemini-3.1-flash-live-preview, …-native-audio-… (the
 * service's list as of 2026-11, and the names of 2025 in docs/deprecations). For models that no table has and no list.
 */
export const liveModelNamePattern = /-live(-|$)|native-audio/;

/**
 * Types of media that the Live API does not take: it takes text, pictures and sound (ai.google.dev/gemini-api/docs/live-api,
 * read 2026-09).
 */
export const liveUnsupportedMimePattern = /^(video|text|application)\//;

/** What `otherwise` is on the free tier, and where a model's own limit a minute was never seen: a careful guess. */
const freeTierRpm = 5;
/** Live sessions open at once on the free tier: the documented figure of 2025 (ai.google.dev/gemini-api/docs/live). */
const freeTierLiveSessions = 3;

/**
 * Limits to begin with, until the service says its own. Google publishes no table any more: these are guesses from
 * refusals (429) of the free tier seen in 2026, and so they pace requests but never close a day. What the service
 * refuses with is learned and beats them. Tier names: ai.google.dev/gemini-api/docs/rate-limits, read 2026-11.
 */
export const builtInTiers: Readonly<Record<string, TierLimits>> = {
  free: {
    // 5 requests a minute: seen on one model in 2026, the lowest of all.
    defaults: { rpm: freeTierRpm },
    // Live models are limited by open sessions and tokens, not by requests.
    liveDefaults: { maxConcurrent: freeTierLiveSessions },
    models: {
      // 20 a day: seen in refusals of 2026.
      'gemini-3.8-flash': { rpm: freeTierRpm, rpd: 20 },
      'gemini-3.7-flash': { rpm: freeTierRpm, rpd: 20 },
      'gemini-3.5-flash': { rpm: freeTierRpm, rpd: 20 },
      // 500 a day: seen in 2026.
      'gemini-3.5-flash-lite': { rpm: freeTierRpm, rpd: 500 },
      // 15 a minute: seen in 2026.
      'gemini-3.1-flash-lite': { rpm: 15 },
    },
  },
  // Paid tiers differ from account to account, and their figures are shown in AI Studio alone: no guess, all is learned.
  tier_1: { defaults: {}, models: {} },
  tier_2: { defaults: {}, models: {} },
  tier_3: { defaults: {}, models: {} },
};

/** The tier of who has not said otherwise: a key is on it until its project has billing. */
export const defaultTier = 'free';

/**
 * The most bytes of media that go along in one request; what is more goes ahead through the Files API. In base64 they
 * are 20 MB, the bound of a whole request that the service had until 2026-01 and gateways may still have; since then it
 * takes 100 MB (ai.google.dev/gemini-api/docs/file-input-methods, read 2026-11).
 */
export const maxInlineBytes = 15_000_000;

/** The most bytes that a request can carry in all (the same page). */
export const maxRequestBytes = 100_000_000;

/** The most bytes of a file that the Files API takes, and of a PDF by any way (docs/files, read 2026-11). */
export const maxUploadBytes = 2_000_000_000;
export const maxPdfBytes = 50_000_000;

/** Films that the service fetches itself (ai.google.dev/gemini-api/docs/video-understanding, read 2026-11). */
export const youtubeUrlPattern =
  /^https?:\/\/((www\.|m\.)?youtube\.com\/(watch\?|shorts\/|live\/|embed\/)|youtu\.be\/)\S/i;

/** Files that the service has already; it keeps them for 48 hours (docs/files, read 2026-11). */
export const filesApiUrlPattern = /^https:\/\/generativelanguage\.googleapis\.com\/v1(beta)?\/files\/[\w-]+$/;

/** The most stop sequences that a request may name (ai.google.dev/api/generate-content, GenerationConfig: "up to 5", read 2026-11). */
export const maxStopSequences = 5;

/**
 * The kinds of harm that a narrative can set a threshold for, and Gemini's names of them
 * (ai.google.dev/gemini-api/docs/safety-settings, read 2026-11; civic integrity is deprecated there, and so left out).
 */
export const harmCategories = {
  harassment: 'HARM_CATEGORY_HARASSMENT',
  hate_speech: 'HARM_CATEGORY_HATE_SPEECH',
  sexually_explicit: 'HARM_CATEGORY_SEXUALLY_EXPLICIT',
  dangerous_content: 'HARM_CATEGORY_DANGEROUS_CONTENT',
} as const;

/** The thresholds from which on harm is blocked, and Gemini's names of them (the same page). */
export const harmThresholds = {
  low_and_above: 'BLOCK_LOW_AND_ABOVE',
  medium_and_above: 'BLOCK_MEDIUM_AND_ABOVE',
  only_high: 'BLOCK_ONLY_HIGH',
  none: 'BLOCK_NONE',
  off: 'OFF',
} as const;

/** What is known of a model without asking the service. What is absent is not known. */
export interface ModelFacts {
  /** How it gives replies: `generate` is REST, streamed or not; `live` is the Live API, which takes no JSON Schema; `both`. */
  api: 'generate' | 'live' | 'both';
  /** It thinks before it answers unless it is told not to, and `max_tokens` counts the thoughts. */
  thinksByDefault?: boolean;
  /** A Live model that refuses to reply in text: asked for it, the service closes the connection with 1007. */
  isAudioOnly?: boolean;
  /** It can't be told how long to think. */
  hasFixedThinking?: boolean;
  /** The day on which it was or is to be shut down, as in `2026-12-01`: at the earliest, says Google. */
  retiresOn?: string;
}

/**
 * Models by their names, read 2026-11 (ai.google.dev/gemini-api/docs/models and /docs/deprecations). Not all that there
 * are: the service's own list has those, and beats this. It is never a reason to refuse a model: new ones come every
 * month. A Map, for a model may be called anything, `constructor` too.
 */
export const builtInModels: ReadonlyMap<string, ModelFacts> = new Map<string, ModelFacts>([
  ['gemini-3.8-flash', { api: 'generate', thinksByDefault: true }],
  ['gemini-3.7-flash', { api: 'generate', thinksByDefault: true }],
  ['gemini-3.5-flash', { api: 'generate', thinksByDefault: true }],
  // How much the small ones think unless told is not known: sources differ (2026-11).
  ['gemini-3.5-flash-lite', { api: 'generate' }],
  ['gemini-3.1-flash-lite', { api: 'generate' }],
  ['gemini-3.1-pro-preview', { api: 'generate', thinksByDefault: true }],
  // Aliases: they move on to newer versions.
  ['gemini-flash-latest', { api: 'generate', thinksByDefault: true }],
  ['gemini-flash-lite-latest', { api: 'generate' }],
  ['gemini-pro-latest', { api: 'generate', thinksByDefault: true }],
  // Live models, none of which answers REST. Refusals of TEXT were seen in 2026 (googleapis/python-genai#1780,
  // livekit/livekit#4103).
  ['gemini-3.8-live', { api: 'live', isAudioOnly: true, hasFixedThinking: true }],
  ['gemini-3.1-flash-live-preview', { api: 'live', isAudioOnly: true }],
  ['gemini-2.5-flash-native-audio-latest', { api: 'live', isAudioOnly: true }],
  // Those that retire and those that did.
  ['gemini-2.5-pro', { api: 'generate', thinksByDefault: true, retiresOn: '2026-12-01' }],
  ['gemini-2.5-flash', { api: 'generate', thinksByDefault: true, retiresOn: '2026-12-01' }],
  ['gemini-2.0-flash', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-001', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-lite', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-lite-001', { api: 'generate', retiresOn: '2026-06-01' }],
  ['gemini-2.0-flash-live-001', { api: 'live', retiresOn: '2025-12-09' }],
]);

/**
 * A cap of fewer tokens than this may be spent on thoughts alone: of 500, 478 were seen to go there and 18 to the text
 * (2026).
 */
export const thinkingReserveTokens = 1000;

/** What a model costs, in US dollars for a million tokens. Thoughts are billed as output. */
export interface Price {
  input: number;
  output: number;
}

/** A price, and the day (UTC) on which it begins to hold; absent for the first one. */
export interface DatedPrice extends Price {
  from?: string;
}

/**
 * Prices of single calls on the paid tiers, oldest first (ai.google.dev/gemini-api/docs/pricing, read 2026-10-07); on the free
 * tier nothing is billed. Settings beat them. Live models are not there: they bill sound by other figures.
 */
export const builtInPrices: Readonly<Record<string, readonly DatedPrice[]>> = {
  'gemini-3.8-flash': [
    { input: 0.75, output: 3.75 },
    { input: 1.5, output: 7.5, from: '2027-01-01' },
  ],
  'gemini-3.5-flash': [{ input: 1.5, output: 9 }],
  'gemini-3.5-flash-lite': [{ input: 0.3, output: 2.5 }],
  'gemini-3.1-pro-preview': [{ input: 2, output: 12 }],
  'gemini-3.1-flash-lite': [{ input: 0.25, output: 1.5 }],
};

/**
 * How many tokens a reply is taken to have where nothing bounds it: a guess of ours, some 300 words (2026-11). For estimates
 * alone.
 */
export const typicalReplyTokens = 400;
