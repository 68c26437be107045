import { isPacificMidnight } from '../../driver/pacific-day.js';
import { createModelState, type ModelState } from '../limiter/model-state.js';
import { insertReservation } from '../limiter/schedule.js';

/** The options of `mergeLocalState`. */
export interface MergeOptions {
  /** The id to give to a new shared state (`ModelState.edition`). */
  newStateId: string;
  /** In server time. */
  now: number;
  /** Converts a local time to server time. */
  toServerTime: (at: number) => number;
  windowMs: number;
}

/**
 * Adds the requests that this machine sent without Redis, or before Redis lost its data, to a shared state. If the
 * shared state is new, what this machine has learned is added too. It is not added to an existing state, from which
 * `limits --forget` may have deleted what was learned.
 * @returns the id of the shared state
 */
export function mergeLocalState(
  state: ModelState,
  local: ModelState = createModelState(),
  { newStateId, now, toServerTime, windowMs }: MergeOptions,
): string {
  const isNew = state.edition === undefined;
  state.edition ??= newStateId;
  if (isNew) adoptLearnedState(state, local, toServerTime);
  // The requests of an alias count in the state of the model that serves it, so none are added to this one.
  if (state.servedBy !== undefined) return state.edition;
  const existingIds = new Set(state.reservations.map(({ id }) => id));
  for (const { at, bookedAt, ...reservation } of local.reservations) {
    const sent = { ...reservation, at: toServerTime(at), bookedAt: Math.min(now, toServerTime(bookedAt)) };
    if (reservation.confirmed && !existingIds.has(reservation.id) && sent.at > now - windowMs && sent.at <= now)
      insertReservation(state, sent);
  }
  // `insertReservation` has counted the requests above in `state.days`. The local counts include these requests too, so
  // they replace the counts in `state.days`.
  if (isNew && local.days.length > 0) state.days = structuredClone(local.days);
  return state.edition;
}

function adoptLearnedState(state: ModelState, local: ModelState, toServerTime: MergeOptions['toServerTime']): void {
  const { learned, closedUntil, notBefore, notBeforeReason, marginFactor, tokenRatio, servedBy, servedInWindow } =
    local;
  state.learned = { ...learned, ...state.learned };
  state.marginFactor = Math.max(state.marginFactor, marginFactor);
  // `closedUntil`: the daily quota is used up, or the service asked for a delay of more than ten minutes.
  if (closedUntil !== undefined) {
    // The end of a day comes from the calendar, not from a clock, so it is not converted.
    const end = isPacificMidnight(closedUntil) ? closedUntil : toServerTime(closedUntil);
    state.closedUntil = Math.max(state.closedUntil ?? 0, end);
  }
  // `notBefore`: a shorter pause after a rejection. A pause of the shared state is kept, with its reason.
  if (notBefore !== undefined && state.notBefore === undefined) {
    state.notBefore = toServerTime(notBefore);
    if (notBeforeReason !== undefined) state.notBeforeReason = notBeforeReason;
  }
  if (servedInWindow !== undefined) state.servedInWindow = Math.max(state.servedInWindow ?? 0, servedInWindow);
  if (tokenRatio !== undefined) state.tokenRatio ??= tokenRatio;
  if (servedBy !== undefined && state.reservations.length === 0) state.servedBy ??= servedBy;
}
