import type { Clock } from '../../driver/clock.js';
import type { BoticelliDriver, CallContext, Lease } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { BoticelliError, QuotaExceeded } from '../../errors.js';
import { abortable } from '../../util/abortable.js';
import type { Limits } from '../limits.js';
import type { ConcurrencyLimiter } from './concurrency-leases.js';
import { estimateTokens } from './estimate-tokens.js';
import { toQuotaRejection } from './learned-limits.js';
import type { ModelQueue } from './model-queue.js';
import type { RateLimiter, Reservation, ReservationResult } from './rate-limiter.js';

export interface PermitOptions {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
  queue: ModelQueue;
  /** Returns the configured or built-in limits of a model. `requestedAs` is the alias by which it was requested. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** The longest wait for a per-minute limit. Default: no limit. A used-up day always fails at once. */
  maxWaitMs?: number;
  clock: Clock;
  /** The driver that will send the request. */
  driver: BoticelliDriver;
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
 * Waits for the model's turn in this process, for a concurrency slot and for quota. Rejects with the signal's reason on
 * abort.
 *
 * @throws BoticelliError `rate_limited` if a wait would exceed `maxWaitMs`, `quota_exhausted` if the day is used up
 */
export async function acquirePermit(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Permit> {
  const { concurrencyLimiter, queue, driver } = options;
  // Loading the driver after the reservation would delay the request past its reserved time.
  await driver.prepare?.();
  const turn = await queue.acquire(request.model, context.signal);
  let lease: Lease | undefined;
  try {
    // A driver that manages concurrency acquires slots itself, because an open session that it reuses already has one.
    const isManagedByDriver = await driver.managesConcurrency?.(request.model);
    const acquireSlot = (model: string) => concurrencyLimiter.acquire(model, context);
    if (!isManagedByDriver) lease = await acquireSlot(request.model);
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
    turn.release();
    throw thrown;
  }
}

/** Reserves quota and waits for it. Confirms the reservation just before sending, and waits again if its time moved. */
async function acquireReservation(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Omit<Permit, 'release'>> {
  const { limiter, clock } = options;
  let reservation = await waitForReservation(await reserve(request, context, options), context, options);
  let isSent = false;

  const confirm = async (): Promise<void> => {
    while (!isSent) {
      const outcome = await limiter.confirm(reservation);
      isSent = outcome === 'go';
      if (outcome === 'go') return;
      reservation = await waitForReservation(requireReservation(outcome), context, options);
    }
  };
  return {
    context: { ...context, beforeSending: confirm },
    async settle({ usage: { promptTokens }, model: servedModel }) {
      // The reply has arrived and was billed, so a failure to write to the store must not discard it.
      if (!isSent) await limiter.confirm(reservation).catch(() => {});
      await limiter.settle(reservation, { promptTokens, servedModel }).catch(() => {});
    },
    async recordFailure(thrown) {
      if (thrown instanceof QuotaExceeded) {
        const rejection = toQuotaRejection(thrown, clock.now());
        await limiter.recordRejection(reservation, rejection).catch(() => {});
        // The limiter has recorded the delay, and the next reservation includes it. A retry must not wait for it twice.
        return rejection.closedUntil === undefined ? thrown.withoutDelay() : thrown;
      }
      // A request that was not sent uses no quota.
      if (!isSent) await limiter.cancel(reservation).catch(() => {});
      return thrown;
    },
  };
}

/** Reserves quota. Rejects immediately on abort, even while another process keeps the store locked. */
async function reserve(
  request: GenerateRequest,
  { signal }: CallContext,
  { limiter, limitsFor, maxWaitMs, clock }: PermitOptions,
): Promise<Reservation> {
  const { model } = request;
  const reserving = limiter.reserve({
    model,
    estimatedTokens: estimateTokens(request),
    resolveLimits: (resolvedModel) => limitsFor(resolvedModel, model),
    ...(maxWaitMs !== undefined && { deadline: clock.now() + maxWaitMs }),
  });
  try {
    return requireReservation(await abortable(reserving, signal));
  } catch (thrown) {
    // On abort, the store may still make the reservation later. It is cancelled then.
    reserving.then((late) => (late.state === 'booked' ? limiter.cancel(late) : undefined)).catch(() => {});
    throw thrown;
  }
}

/** Returns the reservation. @throws BoticelliError if nothing was reserved */
function requireReservation(result: ReservationResult): Reservation {
  const { state, model, at } = result;
  const retryAt = new Date(at);
  switch (state) {
    case 'booked':
      return result;
    case 'closed':
      throw new BoticelliError('quota_exhausted', `daily quota of ${model} is used up`, {
        hint: 'Nothing was sent. Use another model with --model or --fallback.',
        retryAt,
      });
    case 'too-late':
      throw new BoticelliError('rate_limited', `waiting for quota of ${model} would take longer than --max-wait`, {
        hint: 'Nothing was sent. Raise --max-wait, or use another model with --model or --fallback.',
        retryAt,
      });
  }
}

/** A wait longer than this is rescheduled halfway through, because an earlier time may have become free. */
const rescheduleAboveMs = 400;

/** Waits until a reservation's time and resolves to the updated reservation. Cancels the reservation on failure. */
async function waitForReservation(
  initial: Reservation,
  { emit, signal }: CallContext,
  { limiter, clock }: PermitOptions,
): Promise<Reservation> {
  let reservation = initial;
  try {
    for (let reportedUntil = 0; ; ) {
      signal?.throwIfAborted();
      const { model, reason = 'rpm', guessed, at } = reservation;
      const waitMs = Math.ceil(at - clock.now());
      if (waitMs <= 0) return reservation;
      // A wait is reported again only if it becomes longer.
      if (at > reportedUntil) {
        const until = new Date(at).toISOString();
        emit?.({ type: 'wait', model, reason, waitMs, until, ...(guessed && { guessed }) });
      }
      reportedUntil = Math.max(reportedUntil, at);
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
