import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { abortable } from '../../util/abortable.js';
import { estimateTokens } from './estimate-tokens.js';
import type { PermitOptions } from './permit-options.js';
import type { Reservation, ReservationRequest, ReservationResult } from './rate-limiter.js';
import { requireReservation } from './reservation-errors.js';

/** Reserves quota for one request. */
export interface Reserver {
  /** Reserves quota. Rejects immediately on abort, even while another process keeps the store locked. */
  reserve(): Promise<Reservation>;
  /**
   * Returns the reservation in a result of the rate limiter. If the result is `too-large` (the estimate exceeds the
   * learned limit of tokens per minute), counts the tokens and reserves again with the count. If the tokens can't be
   * counted, reserves without regard to that limit.
   * @throws BoticelliError if nothing was reserved for any other reason, or if the count is too large too
   */
  ensureReservation(result: ReservationResult): Promise<Reservation>;
}

/** Creates the reserver of one request. */
export function createReserver(
  request: GenerateRequest,
  context: CallContext,
  { limiter, limitsFor, maxWaitMs, clock, countTokens }: PermitOptions,
): Reserver {
  const { model: requestedModel } = request;
  const { signal } = context;
  let reservationRequest: ReservationRequest = {
    model: requestedModel,
    estimatedTokens: estimateTokens(request),
    limitsFor: (servingModel) => limitsFor(servingModel, requestedModel),
    ...(maxWaitMs !== undefined && { deadline: clock.now() + maxWaitMs }),
  };

  const tryReserve = async (): Promise<ReservationResult> => {
    const reserving = limiter.reserve(reservationRequest);
    try {
      return await abortable(reserving, signal);
    } catch (thrown) {
      // On abort, the store may still make the reservation later. It is cancelled then.
      reserving.then((late) => (late.state === 'reserved' ? limiter.cancel(late) : undefined)).catch(() => {});
      throw thrown;
    }
  };
  const ensureReservation = async (result: ReservationResult): Promise<Reservation> => {
    if (result.state !== 'too-large' || reservationRequest.countedTokens !== undefined)
      return requireReservation(result);
    const countedTokens = await countTokens(request, context);
    const size = countedTokens === undefined ? { ignoresTokenLimit: true } : { countedTokens };
    reservationRequest = { ...reservationRequest, ...size };
    return requireReservation(await tryReserve());
  };
  return { reserve: async () => ensureReservation(await tryReserve()), ensureReservation };
}
