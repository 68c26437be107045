/** Facts about Gemini's rate limits. Each fact names its source and the date on which it was read. */

/** The kinds of limits, in display order. */
export const limitKinds = ['rpm', 'tpm', 'rpd', 'maxConcurrent'] as const;

/**
 * `rpm` and `tpm` are requests and input tokens per minute, `rpd` is requests per Pacific day, `maxConcurrent` is
 * concurrent requests or Live sessions.
 */
export type LimitKind = (typeof limitKinds)[number];

/** The limits of one model. An absent limit is unlimited. */
export type LimitValues = Partial<Record<LimitKind, number>>;

/** The limits of a tier. An entry in `models` completely replaces the defaults. */
export interface TierLimits {
  defaults: LimitValues;
  /** The limits of Live models that have no entry in `models`. Default: `defaults`. */
  liveDefaults?: LimitValues;
  models: Readonly<Record<string, LimitValues>>;
}

/** Requests per minute of models whose own limit is unknown: the lowest limit of any free model seen in 2026. */
export const freeTierRpm = 5;
/** Concurrent Live sessions on the free tier: the documented number of 2025 (ai.google.dev/gemini-api/docs/live). */
const freeTierLiveSessions = 3;

/**
 * Initial limits, used until the service reports its own. Google no longer publishes a table, so these are guesses
 * based on rejections (429) of the free tier seen in 2026. They pace requests but never mark a day's quota as used up.
 * Limits learned from the service's rejections take precedence. Tier names: ai.google.dev/gemini-api/docs/rate-limits,
 * read 2026-11.
 */
export const builtInTiers: Readonly<Record<string, TierLimits>> = {
  free: {
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
  // The limits of paid tiers differ between accounts and are shown only in AI Studio, so all of them are learned.
  tier_1: { defaults: {}, models: {} },
  tier_2: { defaults: {}, models: {} },
  tier_3: { defaults: {}, models: {} },
};

/** The default tier. Every key is in this tier until billing is enabled for its project. */
export const defaultTier = 'free';

/**
 * Spend-based limits: the cost of all models of a project together, in US dollars, within a rolling window of ten
 * minutes. They were introduced on 2026-06-23 (ai.google.dev/gemini-api/docs/rate-limits, read 2026-11-30 in stored
 * copies of the page). Whether they apply depends on the billing history. For tier 2, the Markdown version of the page
 * has 200 instead of 50.
 */
export const spendLimits = {
  windowMs: 10 * 60_000,
  usdByTier: { tier_1: 10, tier_2: 50, tier_3: 200 },
  /**
   * The pause after the first rejection by such a limit, unless the rejection names one; most name none. Each further
   * rejection doubles it. Users report that 45 to 90 s are often enough (public repositories, read 2026-11-30).
   */
  firstPauseMs: 60_000,
} as const;

/** The pages to which Google's own messages about billing refer (quoted in public bug reports of 2026). */
export const billingPages = {
  /** Prepaid credits, and billing of each project. */
  projects: 'https://ai.studio/projects',
  /** The monthly spending cap of a project. */
  spend: 'https://ai.studio/spend',
  /** The billing account, whose monthly cap depends on its tier. */
  billing: 'https://ai.studio/billing',
} as const;
