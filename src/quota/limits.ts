import { type LimitKind, limitKinds } from '../facts/limits.js';

/** The limits of a model. An absent limit means unlimited. */
export interface Limits {
  /** Requests per minute. */
  rpm?: Limit;
  /** Input tokens per minute. */
  tpm?: Limit;
  /** Requests per Pacific day. */
  rpd?: Limit;
  /** Concurrent requests, or concurrent Live sessions. */
  maxConcurrent?: Limit;
}

/** A limit and its origin. */
export interface Limit {
  /** 1 or more. */
  value: number;
  /** `built-in` is a guess: it delays requests, but never stops them for the rest of a day. `learned` is the API's. */
  source: 'built-in' | 'settings' | 'flag' | 'learned';
}

/** A limit that the API stated when it rejected a request. */
export interface LearnedLimit {
  value: number;
  /** Milliseconds since the epoch. */
  learnedAt: number;
}

export type LearnedLimits = Partial<Record<LimitKind, LearnedLimit>>;

/** The share of each limit to use, for example 0.8. Default 1. */
export type QuotaBudget = Partial<Record<LimitKind, number>>;

/**
 * Computes the limits to enforce. A learned limit replaces a built-in one. If the user has set a limit too, the lower
 * of the two applies. The budget then scales each limit, but never below 1.
 */
export function computeEffectiveLimits(configured: Limits, learned: LearnedLimits, budget: QuotaBudget = {}): Limits {
  const effective: Limits = {};
  for (const kind of limitKinds) {
    const limit = selectStricter(configured[kind], learned[kind]);
    if (limit) effective[kind] = { ...limit, value: Math.max(1, Math.floor(limit.value * (budget[kind] ?? 1))) };
  }
  return effective;
}

function selectStricter(configured: Limit | undefined, learned: LearnedLimit | undefined): Limit | undefined {
  if (!learned) return configured;
  const isUserSet = configured?.source === 'settings' || configured?.source === 'flag';
  return isUserSet && configured.value <= learned.value ? configured : { value: learned.value, source: 'learned' };
}
