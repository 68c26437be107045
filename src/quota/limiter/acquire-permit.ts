import type { CallContext, Lease } from '../../driver/driver.js';
import type { WaitReason } from '../../driver/driver-events.js';
import { measureWait } from '../../driver/measure-wait.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { BoticelliError, QuotaExceeded } from '../../errors.js';
import { estimateTokens } from './estimate-tokens.js';
import { maxTokenRatio, toQuotaRejection } from './learned-limits.js';
import type { PermitOptions } from './permit-options.js';
import type { Reservation } from './rate-limiter.js';
import { createTooLargeError } from './reservation-errors.js';
import { createReserver, type Reserver } from './reserve.js';

/** Permission to send one request. */
export interface Permit {
  /** The context to send the request with; its `beforeSending` confirms the reservation. */
  context: CallContext;
  /** Settles the reservation with the reply's token count. */
  settle(response: GenerateResponse): Promise<void>;
  /**
   * Learns from a rejection for quota, and cancels the reservation of a request that used no quota. Resolves to the
   * error to throw.
   */
  recordFailure(thrown: unknown): Promise<unknown>;
  /** Releases the place in the model's queue and the concurrency slot. Call it however the request ends. */
  release(): Promise<void>;
}

/**
 * Waits for a place in the model's queue of this process, for a concurrency slot and for quota. Rejects with the
 * signal's reason on abort.
 *
 * @throws BoticelliError `rate_limited` if a wait would exceed `maxWaitMs`, `quota_exhausted` if the daily quota
 *   is used up, the service asked for a delay of more than ten minutes, or the prompt is larger than the tokens per
 *   minute that the service allows
 */
export async function acquirePermit(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Permit> {
  const { concurrencyLimiter, queue, driver, clock } = options;
  // Loading the driver after the reservation would delay the request past its reserved time.
  await driver.prepare?.();
  const measureConcurrencyWait = <Acquired>(model: string, acquire: () => Promise<Acquired>) =>
    measureWait(context, { model, reason: 'concurrency', minMs: minConcurrencyWaitMs, clock }, acquire);
  const queuePlace = await measureConcurrencyWait(request.model, () => queue.acquire(request.model, context.signal));
  let lease: Lease | undefined;
  try {
    // A driver that reuses sessions acquires concurrency slots itself, because an open session already has a slot.
    const acquiresOwnConcurrencySlots = await driver.acquiresOwnSlots?.(request.model);
    const acquireSlot = (model: string) =>
      measureConcurrencyWait(model, () => concurrencyLimiter.acquire(model, context));
    if (!acquiresOwnConcurrencySlots) lease = await acquireSlot(request.model);
    const quotaPermit = await acquireReservation(request, context, options);
    return {
      ...quotaPermit,
      context: { ...quotaPermit.context, ...(acquiresOwnConcurrencySlots && { acquireSlot }) },
      async release() {
        queuePlace.release();
        await lease?.release().catch(() => {});
      },
    };
  } catch (thrown) {
    await lease?.release().catch(() => {});
    queuePlace.release();
    throw thrown;
  }
}

/**
 * Reserves quota and waits until the reserved time. The `beforeSending` of the returned context confirms the
 * reservation, and waits again if its time has moved.
 */
async function acquireReservation(
  request: GenerateRequest,
  context: CallContext,
  options: PermitOptions,
): Promise<Omit<Permit, 'release'>> {
  const { limiter, clock } = options;
  const { reserve, ensureReservation } = createReserver(request, context, options);
  const wait = (initial: Reservation) => {
    const reason = toWaitReason(initial);
    const work = () => waitForReservation(initial, context, { ...options, ensureReservation });
    // If the reservation's time has already come, `work` does not wait. It may still take some milliseconds on a busy
    // machine, which must not be reported as a wait.
    return initial.at > clock.now() ? measureWait(context, { model: initial.model, reason, clock }, work) : work();
  };
  let reservation = await wait(await reserve());
  let isConfirmed = false;

  const confirm = async (): Promise<void> => {
    while (!isConfirmed) {
      const result = await limiter.confirm(reservation);
      isConfirmed = result === 'go';
      // `result` is a reservation with a later time, or says why nothing is reserved. If nothing is reserved,
      // `ensureReservation` reserves again with counted tokens, or throws.
      if (result !== 'go') reservation = await wait(await ensureReservation(result));
    }
  };
  return {
    context: { ...context, beforeSending: confirm },
    async settle({ usage: { promptTokens }, model: servedModel }) {
      // The reply has arrived and was billed, so a failure to write to the store must not discard it. If the driver has
      // not called `beforeSending`, the reservation is confirmed only now.
      if (!isConfirmed) await limiter.confirm(reservation).catch(() => {});
      await limiter.settle(reservation, { promptTokens, servedModel }).catch(() => {});
    },
    async recordFailure(thrown) {
      if (thrown instanceof QuotaExceeded) {
        const rejection = toQuotaRejection(thrown, clock.now());
        await (rejection ? limiter.recordRejection(reservation, rejection) : limiter.cancel(reservation)).catch(
          () => {},
        );
        if (thrown.code === 'quota_exhausted') return thrown;
        // The limiter has recorded the delay, and the next reservation includes it. A retry must not wait for it twice.
        return (await findTooLargeError(thrown, request, context, options)) ?? thrown.withoutDelay();
      }
      // A request that was not sent uses no quota, and neither does one for a model that does not exist.
      if (!isConfirmed || isUnknownModel(thrown)) await limiter.cancel(reservation).catch(() => {});
      return thrown;
    },
  };
}

/**
 * Returns the error to throw if the prompt alone exceeds the limit of tokens per minute, because then every retry would
 * be rejected too. The tokens are counted only if the prompt may be that large: a count is assumed to be at most
 * `maxTokenRatio` times the estimate.
 */
async function findTooLargeError(
  { violations }: QuotaExceeded,
  request: GenerateRequest,
  context: CallContext,
  { countTokens }: PermitOptions,
): Promise<BoticelliError | undefined> {
  const violation = violations.find(({ per, unit }) => per === 'minute' && unit === 'tokens');
  const { limit, model = request.model } = violation ?? {};
  if (limit === undefined || limit > estimateTokens(request) * maxTokenRatio) return undefined;
  const tokens = await countTokens(request, context);
  return tokens !== undefined && tokens > limit ? createTooLargeError({ model, tokens, limit }) : undefined;
}

function isUnknownModel(thrown: unknown): boolean {
  return thrown instanceof BoticelliError && thrown.code === 'model_not_found';
}

/**
 * The shortest reported wait for the queue or for a slot. Taking a place or a slot that is free is no wait, but
 * takes some milliseconds too. If no slot is free, the next attempt comes after 50 ms, so that wait is reported.
 */
const minConcurrencyWaitMs = 40;

/** A pause of the whole project is reported as `backoff`. */
function toWaitReason({ reason = 'rpm' }: Reservation): WaitReason {
  return reason === 'spend' ? 'backoff' : reason;
}

/** A wait longer than this is rescheduled halfway through, because an earlier time may have become free. */
const rescheduleAboveMs = 400;

/** Waits until a reservation's time and resolves to the updated reservation. Cancels the reservation on failure. */
async function waitForReservation(
  initial: Reservation,
  { emit, signal }: CallContext,
  { limiter, clock, ensureReservation }: Pick<PermitOptions, 'limiter' | 'clock'> & Pick<Reserver, 'ensureReservation'>,
): Promise<Reservation> {
  let reservation = initial;
  try {
    for (let reportedUntil = 0; ; ) {
      signal?.throwIfAborted();
      const { model, reason, isLimitGuessed, limit, at } = reservation;
      const waitMs = Math.ceil(at - clock.now());
      if (waitMs <= 0) return reservation;
      // A wait is reported again only if it becomes longer.
      if (at > reportedUntil) {
        const until = new Date(at).toISOString();
        const reported = { reason: toWaitReason(reservation), ...(reason === 'spend' && { isProjectWide: true }) };
        const guess = isLimitGuessed ? { guessed: true, ...(limit !== undefined && { limit }) } : {};
        emit?.({ type: 'wait', model, ...reported, waitMs, until, ...guess });
      }
      reportedUntil = Math.max(reportedUntil, at);
      if (waitMs <= rescheduleAboveMs) {
        await clock.sleep(waitMs, signal);
        return reservation;
      }
      await clock.sleep(Math.ceil(waitMs / 2), signal);
      reservation = await ensureReservation(await limiter.reschedule(reservation));
    }
  } catch (thrown) {
    await limiter.cancel(reservation).catch(() => {});
    throw thrown;
  }
}
