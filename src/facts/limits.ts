/** Facts about Gemini's rate limits. Each has its source and the date on which it was read. */

/** The kinds of limits, in display order. */
export const limitKinds = ['rpm', 'tpm', 'rpd', 'maxConcurrent'] as const;

/**
 * `rpm` and `tpm` are requests and input tokens per minute, `rpd` is requests per Pacific day, `maxConcurrent` is
 * concurrent requests or Live sessions.
 */
export type LimitKind = (typeof limitKinds)[number];

/** The limits of one model. An absent limit is unlimited. */
export type LimitValues = Partial<Record<LimitKind, number>>;

/** The limits of a tier. An entry of `models` replaces the defaults as a whole. */
export interface TierLimits {
  defaults: LimitValues;
  /** For Live models without an entry. Default: `defaults`. */
  liveDefaults?: LimitValues;
  models: Readonly<Record<string, LimitValues>>;
}

/** The default of the free tier, also for models whose own limit per minute was never seen: a careful guess. */
const freeTierRpm = 5;
/** Concurrent Live sessions on the free tier: the documented number of 2025 (ai.google.dev/gemini-api/docs/live). */
const freeTierLiveSessions = 3;

/**
 * Initial limits, until the service reports its own. Google no longer publishes a table. These are guesses from
 * rejections (429) of the free tier seen in 2026, so they pace requests but never block them until the next day. Limits learned from the
 * service's rejections take precedence. Tier names: ai.google.dev/gemini-api/docs/rate-limits, read 2026-11.
 */
export const builtInTiers: Readonly<Record<string, TierLimits>> = {
  free: {
    // 5 requests per minute: seen for one model in 2026, the lowest of all.
    defaults: { rpm: freeTierRpm },
    // Live models are limited by open sessions and tokens, not by requests.
    liveDefaults: { maxConcurrent: freeTierLiveSessions },
    models: {
      // 20 per day: seen in rejections of 2026.
      'gemini-3.8-flash': { rpm: freeTierRpm, rpd: 20 },
      'gemini-3.7-flash': { rpm: freeTierRpm, rpd: 20 },
      'gemini-3.5-flash': { rpm: freeTierRpm, rpd: 20 },
      // 500 per day: seen in 2026.
      'gemini-3.5-flash-lite': { rpm: freeTierRpm, rpd: 500 },
      // 15 per minute: seen in 2026.
      'gemini-3.1-flash-lite': { rpm: 15 },
    },
  },
  // The limits of paid tiers differ between accounts and are only shown in AI Studio: no guesses, all are learned.
  tier_1: { defaults: {}, models: {} },
  tier_2: { defaults: {}, models: {} },
  tier_3: { defaults: {}, models: {} },
};

/** The default tier: every key is on it until its project has billing. */
export const defaultTier = 'free';
