import { type LimitKind, limitKinds } from '../facts/limits.js';

/** What a model allows. A limit that is absent is unlimited. */
export interface Limits {
  /** Requests a minute. */
  rpm?: Limit;
  /** Input tokens a minute. */
  tpm?: Limit;
  /** Requests a Pacific day. */
  rpd?: Limit;
  /** Requests, or Live sessions, at once. */
  maxConcurrent?: Limit;
}

/** A limit and who says so. */
export interface Limit {
  /** 1 or more. */
  value: number;
  /** `built-in` is a guess: it paces, but never closes a day. `learned` is the service's own word. */
  source: 'built-in' | 'settings' | 'flag' | 'learned';
}

/** What the service has said of a limit. */
export interface LearnedLimit {
  value: number;
  /** Milliseconds since the epoch. */
  learnedAt: number;
}

export type LearnedLimits = Partial<Record<LimitKind, LearnedLimit>>;

/** The share of each limit that is to be used: 0.8 for four fifths. What is absent is the whole. */
export type QuotaBudget = Partial<Record<LimitKind, number>>;

/**
 * The limits that hold: what the service said beats a guess, and the lower of what it said and what the user set. Of
 * each the budget's share, but at least 1.
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
