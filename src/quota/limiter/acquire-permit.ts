import type { Clock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import type { WaitEvent } from '../../driver/driver-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { BoticelliError, QuotaExceeded } from '../../errors.js';
import type { Limits } from '../limits.js';
import type { ConcurrencyLimiter } from './concurrency-leases.js';
import { estimateTokens } from './estimate-tokens.js';
import { toQuotaRejection } from './learned-limits.js';
import type { ModelQueue } from './model-queue.js';
import type { RateLimiter, Reservation, ReservationFailure, ReservationRequest } from './rate-limiter.js';

export interface PermitOptions {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
  queue: ModelQueue;
  /** Returns the configured or built-in limits of a model; `requestedAs` is the alias it was requested by. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Fail instead of waiting longer than this for quota. Default: wait for minutes, fail on a used-up day. */
  maxWaitMs?: number;
  clock: Clock;
  /** Loads what a call needs. */
  prepare?: (() => Promise<void>) | undefined;
  /** Whether the driver acquires slots for its own sessions, with `context.acquireSlot`. */
  managesConcurrency?: ((model: string) => boolean | Promise<boolean>) | undefined;
}

/** Permission to send one request. */
export interface Permit {
  /** The context to send the request with; its `beforeSending` confirms the reservation. */
  context: CallContext;
  /** Settles the reservation with the reply's token count. */
  settle(response: GenerateResponse): Promise<void>;
  /** Learns from a rejection, or cancels a reservation that was not sent. Resolves to the error to throw. */
  recordFailure(thrown: unknown): Promise<unknown>;
  /** Releases the concurrency slot. Call it when the request has ended, whatever the outcome. */
  release(): Promise<void>;
}

/**
 * Waits for the model's turn in this process, for a concurrency slot and for quota. Rejects with the signal's reason.
 *
 * @throws BoticelliError `rate_limited` if a wait would exceed `maxWaitMs`, `quota_exhausted` if the day is used up
 */
export async function acquirePermit(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Permit> {
  const { concurrencyLimiter, queue, prepare, managesConcurrency } = options;
  // Loading after the reservation would delay the request beyond its time.
  await prepare?.();
  const turn = await queue.acquire(request.model, context.signal);
  try {
    // A session of the driver may hold the only slot already, so the driver decides when it needs one.
    const isManagedByDriver = await managesConcurrency?.(request.model);
    const acquireSlot = (model: string) => concurrencyLimiter.acquire(model, context);
    const lease = isManagedByDriver ? undefined : await acquireSlot(request.model);
    try {
      const quotaPermit = await acquireReservation(request, context, options);
      return {
        ...quotaPermit,
        context: { ...quotaPermit.context, ...(isManagedByDriver && { acquireSlot }) },
        async release() {
          turn.release();
          await lease?.release().catch(() => {});
        },
      };
    } catch (thrown) {
      await lease?.release().catch(() => {});
      throw thrown;
    }
  } catch (thrown) {
    turn.release();
    throw thrown;
  }
}

/** Reserves quota and waits for it. The reservation is confirmed just before sending, and waited for again if it moved. */
async function acquireReservation(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Omit<Permit, 'release'>> {
  const { limiter, clock } = options;
  const initial = requireReservation(
    await rejectOnAbort(limiter.reserve(toReservationRequest(request, options)), context.signal, limiter),
  );
  let reservation = await waitForReservation(initial, context, limiter, clock);
  let isSent = false;

  const confirm = async (): Promise<void> => {
    while (!isSent) {
      const outcome = await limiter.confirm(reservation);
      isSent = outcome === 'go';
      if (outcome === 'go') return;
      reservation = await waitForReservation(requireReservation(outcome), context, limiter, clock);
    }
  };
  return {
    context: { ...context, beforeSending: confirm },
    async settle({ usage: { promptTokens }, model: servedModel }) {
      // The reply has arrived and is paid for: a store that cannot be written must not discard it.
      if (!isSent) await limiter.confirm(reservation).catch(() => {});
      await limiter.settle(reservation, { promptTokens, servedModel }).catch(() => {});
    },
    async recordFailure(thrown) {
      if (thrown instanceof QuotaExceeded) return reportRejection(thrown, reservation, limiter, clock);
      // A request that was not sent uses no quota.
      if (!isSent) await limiter.cancel(reservation).catch(() => {});
      return thrown;
    },
  };
}

/** Settles like `reserving`, but rejects immediately on abort: another process may keep the store locked for long. */
function rejectOnAbort(
  reserving: Promise<Reservation | ReservationFailure>,
  signal: AbortSignal | undefined,
  limiter: RateLimiter,
): Promise<Reservation | ReservationFailure> {
  if (!signal) return reserving;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      // A reservation that succeeds after the abort is released.
      reserving
        .then((lateResult) => (lateResult.state === 'booked' ? limiter.cancel(lateResult) : undefined))
        .catch(() => {});
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    reserving.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function toReservationRequest(
  request: GenerateRequest,
  { limitsFor, maxWaitMs, clock }: PermitOptions,
): ReservationRequest {
  const { model } = request;
  return {
    model,
    estimatedTokens: estimateTokens(request),
    resolveLimits: (resolvedModel) => limitsFor(resolvedModel, model),
    ...(maxWaitMs !== undefined && { deadline: clock.now() + maxWaitMs }),
  };
}

function requireReservation(result: Reservation | ReservationFailure): Reservation {
  if (result.state === 'booked') return result;
  throw createNoQuotaError(result);
}

/** A longer wait is rescheduled halfway, in case room has become free. */
const rescheduleAboveMs = 400;

/** Waits until a reservation's time and resolves to the reservation as it then is; cancels it on failure. */
async function waitForReservation(
  initial: Reservation,
  { emit, signal }: CallContext,
  limiter: RateLimiter,
  clock: Clock,
): Promise<Reservation> {
  let reservation = initial;
  try {
    for (let reportedUntil = 0; ; ) {
      signal?.throwIfAborted();
      const waitMs = Math.ceil(reservation.at - clock.now());
      if (waitMs <= 0) return reservation;
      // Reported once; a wait that becomes shorter is not reported again.
      if (reservation.at > reportedUntil) emit?.(createWaitEvent(reservation, waitMs));
      reportedUntil = Math.max(reportedUntil, reservation.at);
      if (waitMs <= rescheduleAboveMs) {
        await clock.sleep(waitMs, signal);
        return reservation;
      }
      await clock.sleep(Math.ceil(waitMs / 2), signal);
      reservation = requireReservation(await limiter.reschedule(reservation));
    }
  } catch (thrown) {
    await limiter.cancel(reservation).catch(() => {});
    throw thrown;
  }
}

function createWaitEvent({ model, reason = 'rpm', guessed, at }: Reservation, waitMs: number): WaitEvent {
  const until = new Date(at).toISOString();
  return { type: 'wait', model, reason, waitMs, until, ...(guessed && { guessed }) };
}

function createNoQuotaError({ state, model, at }: ReservationFailure): BoticelliError {
  const retryAt = new Date(at);
  switch (state) {
    case 'closed':
      return new BoticelliError('quota_exhausted', `daily quota of ${model} is used up`, {
        hint: 'Nothing was sent. Use another model with --model or --fallback.',
        retryAt,
      });
    case 'too-late':
      return new BoticelliError('rate_limited', `waiting for quota of ${model} would take longer than --max-wait`, {
        hint: 'Nothing was sent. Raise --max-wait, or use another model with --model or --fallback.',
        retryAt,
      });
  }
}

async function reportRejection(
  error: QuotaExceeded,
  reservation: Reservation,
  limiter: RateLimiter,
  clock: Clock,
): Promise<QuotaExceeded> {
  const rejection = toQuotaRejection(error, clock.now());
  await limiter.recordRejection(reservation, rejection).catch(() => {});
  // The delay is dropped: the next attempt waits once, for its reservation.
  return rejection.closedUntil === undefined ? error.withoutDelay() : error;
}
