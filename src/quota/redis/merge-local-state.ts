import { isPacificMidnight } from '../../driver/pacific-day.js';
import { createModelState, type ModelState } from '../limiter/model-state.js';
import { insertReservation } from '../limiter/schedule.js';

/** The options of `mergeLocalState`. */
export interface MergeOptions {
  /**
   * A random id, which becomes the `stateId` of a shared state that has none. After Redis has lost the state, the next
   * state gets another id, so that each machine notices the loss.
   */
  newStateId: string;
  /** In server time. */
  now: number;
  /** Converts a time of this machine's clock to server time. */
  toServerTime: (at: number) => number;
  windowMs: number;
}

/**
 * Adds the requests that this machine sent without Redis, or before Redis lost its data, to a shared state. If the
 * shared state is new, what this machine has learned is added too. It is not added to an existing state, from which
 * `limits --forget` may have deleted what was learned.
 * @returns the `stateId` of the shared state
 */
export function mergeLocalState(
  state: ModelState,
  local: ModelState = createModelState(),
  { newStateId, now, toServerTime, windowMs }: MergeOptions,
): string {
  const isNew = state.stateId === undefined;
  state.stateId ??= newStateId;
  if (isNew) adoptLearnedState(state, local, toServerTime);
  // The requests of an alias count in the state of the model that serves it, so none are added to this one.
  if (state.servedBy !== undefined) return state.stateId;
  const existingIds = new Set(state.reservations.map(({ id }) => id));
  for (const { at, bookedAt, ...reservation } of local.reservations) {
    const sent = { ...reservation, at: toServerTime(at), bookedAt: Math.min(now, toServerTime(bookedAt)) };
    if (reservation.confirmed && !existingIds.has(reservation.id) && sent.at > now - windowMs && sent.at <= now)
      insertReservation(state, sent);
  }
  // `insertReservation` has counted the requests above in `state.days`. The local counts include these requests too, so
  // they replace the counts in `state.days`.
  if (isNew && local.days.length > 0) state.days = structuredClone(local.days);
  return state.stateId;
}

function adoptLearnedState(state: ModelState, local: ModelState, toServerTime: MergeOptions['toServerTime']): void {
  const { learned, blockedUntil, pausedUntil, pauseReason, marginFactor, tokenRatio, servedBy, maxAcceptedPerWindow } =
    local;
  state.learned = { ...learned, ...state.learned };
  state.marginFactor = Math.max(state.marginFactor, marginFactor);
  // The block: the daily quota is used up, or the service asked for a delay of more than ten minutes.
  if (blockedUntil !== undefined) {
    // The end of a day comes from the calendar, not from a clock, so it is not converted.
    const end = isPacificMidnight(blockedUntil) ? blockedUntil : toServerTime(blockedUntil);
    state.blockedUntil = Math.max(state.blockedUntil ?? 0, end);
  }
  // The pause: a shorter delay after a rejection. A pause of the shared state is kept, with its reason.
  if (pausedUntil !== undefined && state.pausedUntil === undefined) {
    state.pausedUntil = toServerTime(pausedUntil);
    if (pauseReason !== undefined) state.pauseReason = pauseReason;
  }
  if (maxAcceptedPerWindow !== undefined)
    state.maxAcceptedPerWindow = Math.max(state.maxAcceptedPerWindow ?? 0, maxAcceptedPerWindow);
  if (tokenRatio !== undefined) state.tokenRatio ??= tokenRatio;
  if (servedBy !== undefined && state.reservations.length === 0) state.servedBy ??= servedBy;
}
