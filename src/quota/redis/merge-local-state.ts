import { createModelState, type ModelState } from '../limiter/model-state.js';
import { insertReservation } from '../limiter/schedule.js';

export interface MergeOptions {
  /** What a page that is begun now will be known by. */
  edition: string;
  /** By the clock of those who share the page. */
  now: number;
  /** The time of that clock at a moment of our own. */
  toServerTime: (at: number) => number;
  windowMs: number;
}

/**
 * Makes a shared page know what this machine sent by itself: while Redis was away, or before it lost its memory. Where the
 * page is a new one, it takes over what this machine learned too; where it is not, it knows better, for somebody may have
 * had it forget.
 * @returns the page's edition
 */
export function mergeLocalState(
  state: ModelState,
  local: ModelState = createModelState(),
  { edition, now, toServerTime, windowMs }: MergeOptions,
): string {
  const isNew = state.edition === undefined;
  state.edition ??= edition;
  if (isNew) adoptLearned(state, local, toServerTime);
  // Where the name is known to stand for another model, the requests are counted there.
  if (state.standsFor !== undefined) return state.edition;
  const existingIds = new Set(state.appointments.map(({ id }) => id));
  for (const { at, bookedAt, ...reservation } of local.appointments) {
    const sent = { ...reservation, at: toServerTime(at), bookedAt: Math.min(now, toServerTime(bookedAt)) };
    if (reservation.confirmed && !existingIds.has(reservation.id) && sent.at > now - windowMs && sent.at <= now)
      insertReservation(state, sent);
  }
  // The day's count has those of the last minute in it already.
  if (isNew && local.days.length > 0) state.days = structuredClone(local.days);
  return state.edition;
}

function adoptLearned(state: ModelState, local: ModelState, toServerTime: MergeOptions['toServerTime']): void {
  const { learned, closedUntil, notBefore, guardFactor, tokenRatio, standsFor } = local;
  state.learned = { ...learned, ...state.learned };
  state.guardFactor = Math.max(state.guardFactor, guardFactor);
  if (closedUntil !== undefined) state.closedUntil = Math.max(state.closedUntil ?? 0, closedUntil);
  if (notBefore !== undefined) state.notBefore ??= toServerTime(notBefore);
  if (tokenRatio !== undefined) state.tokenRatio ??= tokenRatio;
  if (standsFor !== undefined && state.appointments.length === 0) state.standsFor ??= standsFor;
}
