import type { Clock } from '../../driver/clock.js';
import type { ConcurrencyLimiter } from '../../driver/concurrency-limiter.js';
import type { CallContext } from '../../driver/driver.js';
import type { WaitEvent } from '../../driver/driver-events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { BoticelliError, QuotaExceeded } from '../../errors.js';
import type { Limits } from '../limits.js';
import { estimateTokens } from './estimate-tokens.js';
import { toQuotaRejection } from './learned-limits.js';
import type { ModelQueue } from './model-queue.js';
import type { RateLimiter, Reservation, ReservationFailure, ReservationRequest } from './rate-limiter.js';

export interface PermitOptions {
  limiter: RateLimiter;
  concurrencyLimiter: ConcurrencyLimiter;
  queue: ModelQueue;
  /** What is set, or guessed, for a model; `requestedAs` is the alias that it was asked by. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Rather than wait longer than this for quota, fail. Without it minutes are waited out; a closed day never is. */
  maxWaitMs?: number;
  clock: Clock;
  /** Loads what a call needs. */
  prepare?: (() => Promise<void>) | undefined;
  /** Whether the driver takes the model's place at the gate itself. */
  managesConcurrency?: ((model: string) => boolean | Promise<boolean>) | undefined;
}

/** Leave to send one request. */
export interface Permit {
  /** What the request is to be sent with: the appointment is confirmed when it leaves, and not a moment before. */
  context: CallContext;
  /** Tells the book what the reply counted for. */
  settle(response: GenerateResponse): Promise<void>;
  /** Teaches the book what a failure says. Resolves to the error to be handed up. */
  recordFailure(thrown: unknown): Promise<unknown>;
  /** To be called when the request is over, however it ended. */
  release(): Promise<void>;
}

/** Waits for the model's turn in this process, for a place at it, and for its quota. Rejects with the signal's reason. */
export async function acquirePermit(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Permit> {
  const { concurrencyLimiter, queue, prepare, managesConcurrency } = options;
  // What is loaded after the appointment makes the request late for it.
  await prepare?.();
  const turn = await queue.acquire(request.model, context.signal);
  try {
    // A place that is taken twice would be waited for in vain, by the one who has it.
    const isManagedByDriver = await managesConcurrency?.(request.model);
    const lease = isManagedByDriver ? undefined : await concurrencyLimiter.acquire(request.model, context);
    try {
      const quotaPermit = await acquireReservation(request, context, options);
      return {
        ...quotaPermit,
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

/** Makes an appointment and comes to it; it is confirmed when the request leaves, as often as it is moved till then. */
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
      // The reply is there and paid for: a book that can't be written is no reason to lose it.
      if (!isSent) await limiter.confirm(reservation).catch(() => {});
      await limiter.settle(reservation, { promptTokens, servedModel }).catch(() => {});
    },
    async recordFailure(thrown) {
      if (thrown instanceof QuotaExceeded) return reportRejection(thrown, reservation, limiter, clock);
      // What never left takes nothing of the quota.
      if (!isSent) await limiter.cancel(reservation).catch(() => {});
      return thrown;
    },
  };
}

/** Settles as the booking does, but rejects at once when the caller gives up: others may keep the book locked for long. */
function rejectOnAbort(
  reserving: Promise<Reservation | ReservationFailure>,
  signal: AbortSignal | undefined,
  limiter: RateLimiter,
): Promise<Reservation | ReservationFailure> {
  if (!signal) return reserving;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      // What is booked after all is free for others.
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

/** Beyond this a wait is looked at again halfway: room may have come free, and quota is not to be left lying. */
const longWaitMs = 400;

/** Waits for an appointment's time. Resolves to the appointment as it then stands; gives it up where that fails. */
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
      // Told once: that it ends earlier than that needs no words.
      if (reservation.at > reportedUntil) emit?.(createWaitEvent(reservation, waitMs));
      reportedUntil = Math.max(reportedUntil, reservation.at);
      if (waitMs <= longWaitMs) {
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
  if (state === 'closed') {
    return new BoticelliError('quota_exhausted', `the day's quota of ${model} is used up`, {
      hint: 'Nothing was sent. Use another model with --model or --fallback.',
      retryAt,
    });
  }
  return new BoticelliError('rate_limited', `the quota of ${model} comes free later than --max-wait allows`, {
    hint: 'Nothing was sent. Wait longer, or use another model with --model or --fallback.',
    retryAt,
  });
}

async function reportRejection(
  error: QuotaExceeded,
  reservation: Reservation,
  limiter: RateLimiter,
  clock: Clock,
): Promise<QuotaExceeded> {
  const rejection = toQuotaRejection(error, clock.now());
  await limiter.recordRejection(reservation, rejection).catch(() => {});
  // Without a delay of its own: the book alone waits, once, when the next attempt asks it.
  return rejection.closedUntil === undefined ? error.withoutDelay() : error;
}
