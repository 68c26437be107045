import type { QuotaViolation } from '../../../src/errors.js';
import { modelStateKey } from '../../../src/quota/limiter/model-state-access.js';
import {
  createRateLimiter,
  type Reservation,
  type ReservationFailure,
} from '../../../src/quota/limiter/rate-limiter.js';
import type { Limits } from '../../../src/quota/limits.js';
import { createMemoryQuotaStore } from '../../../src/quota/stores/memory-store.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const tenPerMinute: Limits = { rpm: { value: 10, source: 'settings' } };
/** Creates a violated limit of requests per minute, as the API states it. */
export const createMinuteViolation = (limit: number): QuotaViolation => ({
  per: 'minute',
  unit: 'requests',
  limit,
  quotaId: 'PerMinute',
});

/** Creates a limiter in memory with a manual clock. Its `reserve` is limited to ten requests per minute by default. */
export function createTestLimiter({ startMs = Date.UTC(2026, 10, 22, 12), limitMultipliers = {} } = {}) {
  const clock = createManualClock(startMs);
  const store = createMemoryQuotaStore();
  const limiter = createRateLimiter({ store, clock, project: 'p', limitMultipliers });
  const reserve = (overrides: Partial<Parameters<typeof limiter.reserve>[0]> = {}) =>
    limiter.reserve({ model: 'm', estimatedTokens: 10, limitsFor: () => tenPerMinute, ...overrides });
  const readState = (model = 'm') => store.transact(modelStateKey('p', model), (found) => structuredClone(found));
  /** Reads the reservations of a model. */
  const readReservations = async (model = 'm') => (await readState(model)).reservations;
  return { clock, limiter, reserve, readState, readReservations, startMs };
}

/**
 * Returns the reservation that `reserve`, `reschedule` or `confirm` returned. Throws if there is none. `confirm`
 * returns `go` instead of a reservation if the request may be sent now.
 */
export function expectReserved(result: Reservation | ReservationFailure | 'go'): Reservation {
  if (result === 'go' || result.state !== 'reserved') throw new Error(`not reserved: ${JSON.stringify(result)}`);
  return result;
}
