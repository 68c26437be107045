import { countRequests, type ModelState, type StoredReservation } from './model-state.js';

/**
 * The reservations of a model are merged only if there are more than this. Every transaction reads and writes the whole
 * state. Without merging, at thousands of requests per minute, the transactions would take longer than the requests
 * themselves.
 */
const maxUnmerged = 60;

/**
 * The merged reservations of a slice leave the window together, with the last one. So a request may stay in the window
 * too long, by up to 1% of the window, and at most 1% of a limit is lost.
 */
const slicesPerWindow = 100;

/**
 * Merges a confirmed reservation, whose reply has arrived, with the reservations just before and after it. Each of the
 * two is merged if it is in the same slice of the window and its reply has arrived too. The reservation
 * gets the count `requests`: only a reservation whose reply has arrived has this count. Does nothing while the state
 * has at most `maxUnmerged` reservations.
 */
export function mergeSettled(state: ModelState, id: string, windowMs: number): void {
  const { reservations } = state;
  if (reservations.length <= maxUnmerged) return;
  const index = reservations.findIndex((reservation) => reservation.id === id);
  const settled = reservations[index];
  if (!settled?.confirmed) return;
  settled.requests ??= 1;
  const getSlice = ({ at }: StoredReservation) => Math.floor((at * slicesPerWindow) / windowMs);
  const isMergeable = (other: StoredReservation | undefined) =>
    other?.requests !== undefined && getSlice(other) === getSlice(settled);
  const first = isMergeable(reservations[index - 1]) ? index - 1 : index;
  const end = isMergeable(reservations[index + 1]) ? index + 2 : index + 1;
  if (end - first > 1) reservations.splice(first, end - first, joinReservations(reservations.slice(first, end)));
}

/** Joins reservations into one with the latest of their times, so that no request leaves the window too early. */
function joinReservations(reservations: readonly StoredReservation[]): StoredReservation {
  return reservations.reduce((sum, next) => ({
    id: next.id,
    at: next.at,
    tokens: sum.tokens + next.tokens,
    bookedAt: Math.max(sum.bookedAt, next.bookedAt),
    confirmed: true,
    requests: countRequests(sum) + countRequests(next),
  }));
}
