import { isDeepStrictEqual } from 'node:util';
import { getNextPacificMidnight, isSurelyInPacificDay } from '../../driver/pacific-day.js';
import type { ObservedLimits } from '../limits.js';

/** The limit for which a request waits: requests or tokens per minute, or the spending of the whole project. */
export type BlockingLimit = 'rpm' | 'tpm' | 'spend';

/**
 * The quota state of one model in one project. A project has a state of its own too, which holds only the pause of all
 * its models (see project-pause.ts). Times are in milliseconds since the epoch. Stores keep states as JSON. The fields
 * in `storedNames` are stored under other names. All other fields are stored under their own names, which must not
 * change.
 */
export interface ModelState extends ObservedLimits {
  /** The recent and pending reservations, in order of send time. */
  reservations: StoredReservation[];
  /** The request counts of the current Pacific day and of later days. */
  days: { endsAt: number; count: number }[];
  /**
   * The end of a block. Until then, requests are refused, because the API stated that the daily quota is used up or
   * asked for a delay of more than ten minutes.
   */
  blockedUntil?: number;
  /** The end of a pause. Until then, requests wait, because the API rejected a request for a limit: `pauseReason`. */
  pausedUntil?: number;
  /** The limit that caused the pause; `rpm` if the API did not state a limit. */
  pauseReason?: BlockingLimit;
  /**
   * How many requests were rejected for a per-minute limit since the last reply. In a project's own state: the number
   * of consecutive pauses.
   */
  rejectionCount: number;
  /** The multiplier of the safety margin of each window (see `computeMarginMs`); 1 or more. */
  marginFactor: number;
  /** When `marginFactor` last changed. */
  marginChangedAt?: number;
  /** When the API last rejected a request for a per-minute limit. In a project's own state: for a spend-based limit. */
  rejectedAt?: number;
  /** Actual prompt tokens per estimated token. */
  tokenRatio?: number;
  /** The concurrency slots in use. */
  concurrencySlots: { id: string; expiresAt: number }[];
  /** For an alias: the model that serves it. The alias's requests are then counted in that model's state. */
  servedBy?: string;
  /** In Redis: a random id, assigned when the state is created. A new id shows that Redis has lost the old state. */
  stateId?: string;
}

/** A reservation in the state of a model. Times are milliseconds since the epoch. */
export interface StoredReservation {
  id: string;
  /** When the request may be sent; once `confirmed`, when it was sent. */
  at: number;
  /** Prompt tokens: the corrected estimate, later the actual count. */
  tokens: number;
  /** The caller's estimate before correction. */
  estimated?: number;
  /** When the reservation was made. */
  bookedAt: number;
  /** True once the request was sent. Until then the reservation may be rescheduled. */
  confirmed: boolean;
  /**
   * The number of requests that this entry stands for; 1 if absent. `mergeSettled` sets this field after the reply has
   * arrived, and merges only entries that have this field.
   */
  requests?: number;
}

/** Returns the number of requests that a stored reservation stands for. */
export function countRequests({ requests = 1 }: StoredReservation): number {
  return requests;
}

/** Corrects a token estimate by the ratio of earlier counts to their estimates. */
export function correctTokenEstimate({ tokenRatio = 1 }: ModelState, estimated: number): number {
  return Math.ceil(estimated * tokenRatio);
}

/** Creates the state of a model about which nothing is known. */
export function createModelState(): ModelState {
  return { reservations: [], days: [], learned: {}, rejectionCount: 0, marginFactor: 1, concurrencySlots: [] };
}

/** Whether a state equals the result of `createModelState`. Such a state is not added to a store. */
export function isInitialState(state: ModelState): boolean {
  return isDeepStrictEqual(state, createModelState());
}

/**
 * Maps the name of a field in the code to its name in stores. The stored names are fixed: existing stores use them.
 */
const storedNames: ReadonlyMap<string, string> = new Map([
  ['reservations', 'appointments'],
  ['concurrencySlots', 'leases'],
  ['servedBy', 'standsFor'],
  ['blockedUntil', 'closedUntil'],
  ['pausedUntil', 'notBefore'],
  ['pauseReason', 'refusedFor'],
  ['maxAcceptedPerWindow', 'servedInWindow'],
  ['stateId', 'edition'],
  ['marginFactor', 'guardFactor'],
  ['marginChangedAt', 'guardChangedAt'],
  ['rejectionCount', 'refusals'],
  ['rejectedAt', 'refusedAt'],
] satisfies [keyof ModelState, string][]);

const fieldNames: ReadonlyMap<string, string> = new Map([...storedNames].map(([name, stored]) => [stored, name]));

function renameFields(value: object, names: ReadonlyMap<string, string>): object {
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [names.get(name) ?? name, field]));
}

/** Converts a state to the JSON in which it is stored. */
export function serializeModelState(state: ModelState): string {
  return JSON.stringify(renameFields(state, storedNames));
}

/**
 * Parses a stored state. Fields that another version did not write get their defaults. An empty array, which cjson
 * writes as `{}`, becomes an array again, and an invalid list becomes empty. Invalid JSON becomes a new state.
 */
export function parseModelState(json: string | undefined): ModelState {
  try {
    const state: ModelState = { ...createModelState(), ...renameFields(JSON.parse(json ?? '{}'), fieldNames) };
    for (const key of ['reservations', 'days', 'concurrencySlots'] as const)
      if (!isArrayOfObjects(state[key])) state[key] = [];
    return state;
  } catch {
    return createModelState();
  }
}

function isArrayOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

/**
 * If a stored time of a reservation or a rejection is more than this in the future, the clock was set back after the
 * time was stored. Processes on one machine agree on the time to the millisecond, so a second is more than enough.
 */
const clockToleranceMs = 1000;

/** The longest plausible pause after a rejection, unless windows are long (see `refreshState`). */
const maxPauseMs = 10 * 60_000;

/**
 * Removes expired entries, and narrows a safety margin that was widened long ago. If the clock was set back, moves
 * reservations and rejections back with it, and limits how far `pausedUntil` and `blockedUntil` are in the future, so
 * that no request waits until the old time is reached again.
 */
export function refreshState(state: ModelState, now: number, windowMs: number): void {
  moveTimesBackWithClock(state, now);
  // A reservation counts for one window and its safety margin. For a window of 60 s, the margin is at most 4 s.
  const cutoff = now - 1.5 * windowMs;
  for (const { at, confirmed } of state.reservations) {
    // The process of an expired, unconfirmed reservation ended before it sent the request. The day must not count the
    // request.
    if (at <= cutoff && !confirmed) findOrCreateDay(state, at).count -= 1;
  }
  state.reservations = state.reservations.filter(({ at }) => at > cutoff);
  state.days = state.days.filter(({ endsAt }) => endsAt > now && endsAt < now + 8 * 86_400_000);
  state.concurrencySlots = state.concurrencySlots.filter(({ expiresAt }) => expiresAt > now);
  narrowMargin(state, now, windowMs);
  // If windows are long, a longer pause is plausible too: up to two windows.
  const latestPauseEnd = now + Math.max(maxPauseMs, 2 * windowMs);
  if (state.pausedUntil !== undefined) state.pausedUntil = Math.min(state.pausedUntil, latestPauseEnd);
  // A day ends within 25 hours. If the stored end is further in the future, the clock was set back after it was stored.
  if ((state.blockedUntil ?? 0) > now + 25 * 3_600_000) state.blockedUntil = findOrCreateDay(state, now).endsAt;
  for (const key of ['pausedUntil', 'blockedUntil'] as const) if ((state[key] ?? now) <= now) delete state[key];
}

/** If the clock was set back, moves the stored times back by as much. Times in the future show that it was. */
function moveTimesBackWithClock(state: ModelState, now: number): void {
  const { reservations, rejectedAt = 0, pausedUntil } = state;
  const aheadMs = Math.max(rejectedAt - now, ...reservations.map(({ bookedAt }) => bookedAt - now));
  if (aheadMs <= clockToleranceMs) return;
  for (const reservation of reservations) {
    reservation.at -= aheadMs;
    reservation.bookedAt -= aheadMs;
  }
  if (pausedUntil !== undefined) state.pausedUntil = pausedUntil - aheadMs;
  if (rejectedAt > now) state.rejectedAt = now;
}

/**
 * Halves a widened safety margin every ten windows. The rejections that widened it may have been caused by another
 * program, which may have stopped since.
 */
function narrowMargin(state: ModelState, now: number, windowMs: number): void {
  // A time in the future shows that the clock was set back.
  if ((state.marginChangedAt ?? 0) > now) state.marginChangedAt = now;
  if (state.marginFactor === 1 || now - (state.marginChangedAt ?? 0) < 10 * windowMs) return;
  state.marginFactor = Math.max(1, state.marginFactor / 2);
  state.marginChangedAt = now;
}

/** Returns the entry for the Pacific day of a time. Adds the entry to the state if it is missing. */
export function findOrCreateDay(state: ModelState, at: number): { endsAt: number; count: number } {
  // This check is fast, but it misses the first hour or two of some days. The exact lookup below finds those too.
  const knownDay = state.days.find(({ endsAt }) => isSurelyInPacificDay(at, endsAt));
  if (knownDay) return knownDay;
  const endsAt = getNextPacificMidnight(at).getTime();
  const entry = state.days.find((day) => day.endsAt === endsAt) ?? { endsAt, count: 0 };
  if (!state.days.includes(entry)) state.days.push(entry);
  return entry;
}
