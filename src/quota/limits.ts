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
  /**
   * `built-in` is a guess: it delays requests, but never stops them for the rest of a day. A guessed `rpm` rises if
   * more requests were served. `learned` comes from the API.
   */
  source: 'built-in' | 'settings' | 'flag' | 'learned';
}

/** A limit that the API stated when it rejected a request. */
export interface LearnedLimit {
  value: number;
  /** Milliseconds since the epoch. */
  learnedAt: number;
}

/** The limits that the API stated, by kind. */
export type LearnedLimits = Partial<Record<LimitKind, LearnedLimit>>;

/** What is known about the limits of a model from its requests. */
export interface ObservedLimits {
  /** Limits that the API stated. */
  learned: LearnedLimits;
  /**
   * The most requests that the service accepted within one window. A guessed `rpm` below this number rises to this
   * number. Only a number above `freeTierRpm` is recorded, because no guess is lower than `freeTierRpm`.
   */
  maxAcceptedPerWindow?: number;
}

/** The share of each rate limit to use, for example 0.8. Default 1. It is not an amount of money. */
export type QuotaBudget = Partial<Record<LimitKind, number>>;

/**
 * Computes the limits to enforce. A learned limit replaces a built-in one. If the user has set a limit too, the lower
 * of the two applies. Without a learned limit, a built-in `rpm` rises to the most requests that were served in one
 * window. Each limit is then multiplied by its entry of `multipliers`; the result is at least 1.
 */
export function computeEffectiveLimits(
  configured: Limits,
  { learned, maxAcceptedPerWindow = 0 }: ObservedLimits,
  multipliers: QuotaBudget = {},
): Limits {
  const effective: Limits = {};
  for (const kind of limitKinds) {
    const raised = kind === 'rpm' ? raiseGuess(configured.rpm, maxAcceptedPerWindow) : configured[kind];
    const limit = selectLimit(raised, learned[kind]);
    if (limit) effective[kind] = { ...limit, value: Math.max(1, Math.floor(limit.value * (multipliers[kind] ?? 1))) };
  }
  return effective;
}

function raiseGuess(configured: Limit | undefined, served: number): Limit | undefined {
  return configured?.source === 'built-in' && served > configured.value ? { ...configured, value: served } : configured;
}

function selectLimit(configured: Limit | undefined, learned: LearnedLimit | undefined): Limit | undefined {
  if (!learned) return configured;
  const isUserSet = configured?.source === 'settings' || configured?.source === 'flag';
  return isUserSet && configured.value <= learned.value ? configured : { value: learned.value, source: 'learned' };
}
