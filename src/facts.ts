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
export interface LimitNumbers {
  rpm?: number;
  tpm?: number;
  rpd?: number;
  maxConcurrent?: number;
}

/** The limits of a tier. A model's entry is all there is for it; `otherwise` is for the models without one. */
export interface TierFacts {
  otherwise: LimitNumbers;
  models: Readonly<Record<string, LimitNumbers>>;
}

/** What `otherwise` is on the free tier, and where a model's own limit a minute was never seen: a careful guess. */
const freeRpm = 5;
/** Live sessions open at once on the free tier: the documented figure of 2025 (ai.google.dev/gemini-api/docs/live). */
const freeSessions = 3;

/**
 * Limits to begin with, until the service says its own. Google publishes no table any more: these are guesses from
 * refusals (429) of the free tier seen in 2026, and so they pace requests but never close a day. What the service
 * refuses with is learned and beats them. Tier names: ai.google.dev/gemini-api/docs/rate-limits, read 2026-11.
 */
export const builtInTiers: Readonly<Record<string, TierFacts>> = {
  free: {
    // 5 requests a minute: seen on one model in 2026, the lowest of all.
    otherwise: { rpm: freeRpm },
    models: {
      // 20 a day: seen in refusals of 2026.
      'gemini-3.8-flash': { rpm: freeRpm, rpd: 20 },
      'gemini-3.7-flash': { rpm: freeRpm, rpd: 20 },
      'gemini-3.5-flash': { rpm: freeRpm, rpd: 20 },
      // 500 a day: seen in 2026.
      'gemini-3.5-flash-lite': { rpm: freeRpm, rpd: 500 },
      // 15 a minute: seen in 2026.
      'gemini-3.1-flash-lite': { rpm: 15 },
      // Live models are limited by open sessions and tokens, not by requests.
      'gemini-3.8-live': { maxConcurrent: freeSessions },
      'gemini-3.1-flash-live-preview': { maxConcurrent: freeSessions },
      'gemini-2.5-flash-native-audio-latest': { maxConcurrent: freeSessions },
    },
  },
  // Paid tiers differ from account to account, and their figures are shown in AI Studio alone: no guess, all is learned.
  tier_1: { otherwise: {}, models: {} },
  tier_2: { otherwise: {}, models: {} },
  tier_3: { otherwise: {}, models: {} },
};

/** The tier of who has not said otherwise: a key is on it until its project has billing. */
export const defaultTier = 'free';

/** What is known of a Live model beside its limits. */
export interface LiveFacts {
  /** True where it refuses to reply in text: asked for it, the service closes the connection with 1007. */
  speaksOnly: boolean;
  /** Whether it can be told how long to think. */
  thinks: boolean;
}

/**
 * Live models by their names: ai.google.dev/gemini-api/docs/models of September 2026, and refusals of TEXT that were seen
 * in 2026 (googleapis/python-genai#1780, livekit/livekit#4103). What is not here is found out and remembered.
 */
export const liveModels: Readonly<Record<string, LiveFacts>> = {
  'gemini-3.8-live': { speaksOnly: true, thinks: false },
  'gemini-3.1-flash-live-preview': { speaksOnly: true, thinks: true },
  'gemini-2.5-flash-native-audio-latest': { speaksOnly: true, thinks: true },
};
