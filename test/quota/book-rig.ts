import type { QuotaFact } from '../../src/errors.js';
import { pageKey } from '../../src/quota/limiter/project-state.js';
import { type Booked, createQuotaBook, type NotBooked } from '../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../src/quota/limits.js';
import { createMemoryKeeper } from '../../src/quota/stores/memory-store.js';
import { createManualClock } from '../helpers/manual-clock.js';

const tenAMinute: Limits = { rpm: { value: 10, source: 'settings' } };
/** What a service says of a limit of requests a minute. */
export const perMinute = (limit: number): QuotaFact => ({
  per: 'minute',
  unit: 'requests',
  limit,
  quotaId: 'PerMinute',
});

/** A book in memory, by a clock that is moved by hand; `ask` books a request of ten that a minute allows. */
export function rig({ startMs = Date.UTC(2026, 10, 22, 12), budget = {} } = {}) {
  const clock = createManualClock(startMs);
  const keeper = createMemoryKeeper();
  const book = createQuotaBook({ keeper, clock, project: 'p', budget });
  const ask = (more: Partial<Parameters<typeof book.book>[0]> = {}) =>
    book.book({ model: 'm', estimatedTokens: 10, limitsOf: () => tenAMinute, ...more });
  const page = (model = 'm') => keeper.transact(pageKey('p', model), (found) => structuredClone(found));
  return { clock, book, ask, page, startMs };
}

/** The appointment, where there is one; else throws. */
export function booked(booking: Booked | NotBooked | 'go'): Booked {
  if (booking === 'go' || booking.state !== 'booked') throw new Error(`not booked: ${JSON.stringify(booking)}`);
  return booking;
}
