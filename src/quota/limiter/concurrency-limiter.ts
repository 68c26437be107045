import { randomUUID } from 'node:crypto';
import type { CallContext, Lease } from '../../driver/driver.js';
import { BoticelliError } from '../../errors.js';
import { computeEffectiveLimits, type Limit, type Limits } from '../limits.js';
import { createModelStateAccess, type ModelStateOptions, modelStateKey } from './model-state-access.js';

/** Limits how many requests or sessions of a model are open at once, across all processes that share the quota. */
export interface ConcurrencyLimiter {
  /**
   * Takes a concurrency slot. If no slot is free, emits a `wait` event and waits. Rejects with the signal's reason on
   * abort.
   */
  acquire(model: string, context: CallContext): Promise<Lease>;
}

/** The options of `createConcurrencyLimiter`. */
export interface ConcurrencyLimiterOptions extends ModelStateOptions {
  /** Returns the configured or built-in limits of a model; `requestedAs` is the alias in the request. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** How long a slot stays taken without a heartbeat. Default 15 s. */
  leaseMs?: number;
  /** Fail with `rate_limited` instead of waiting longer than this for a slot. Default: wait without limit. */
  maxWaitMs?: number;
}

/** The longest interval between polls. Released slots are not announced, so waiters poll, at doubling intervals. */
const maxPollMs = 1000;

/** `model` is the serving model whose slot was taken. If no slot is free, `until` is when the first slot expires. */
type AcquireResult = { ok: true; model: string } | { ok: false; until: number; limit: Limit };

/**
 * Creates a limiter that stores one slot per running request or open session in the model states. The holder of a slot
 * has a lease: the slot expires unless the holder renews it. A model without a concurrency limit always has a slot, and
 * its requests are not counted.
 */
export function createConcurrencyLimiter(options: ConcurrencyLimiterOptions): ConcurrencyLimiter {
  const { clock, limitsFor, leaseMs = 15_000, maxWaitMs = Number.POSITIVE_INFINITY } = options;
  const modelStates = createModelStateAccess(options);

  const tryAcquire = (requested: string, id: string): Promise<AcquireResult> =>
    modelStates.updateStateOfServingModel(requested, (state, now, model) => {
      const { maxConcurrent } = computeEffectiveLimits(limitsFor(model, requested), state);
      // A slot that expires later than `leaseMs` from now was taken or renewed before the clock was set back. Its time
      // is shortened. If its owner still runs, the owner renews it soon.
      for (const slot of state.concurrencySlots) slot.expiresAt = Math.min(slot.expiresAt, now + leaseMs);
      if (maxConcurrent && state.concurrencySlots.length >= maxConcurrent.value) {
        const until = Math.min(...state.concurrencySlots.map(({ expiresAt }) => expiresAt));
        return { ok: false, until, limit: maxConcurrent };
      }
      state.concurrencySlots.push({ id, expiresAt: now + leaseMs });
      return { ok: true, model };
    });

  return {
    async acquire(model, { signal, emit }) {
      if (!limitsFor(model).maxConcurrent) return { release: async () => {} };
      const id = randomUUID();
      const deadline = clock.now() + maxWaitMs;
      let isReported = false;
      for (let pollMs = 50; ; pollMs = Math.min(maxPollMs, pollMs * 2)) {
        signal?.throwIfAborted();
        const acquired = await tryAcquire(model, id);
        if (acquired.ok) return startLease(acquired.model, id, { ...options, leaseMs });
        const remainingMs = deadline - clock.now();
        if (remainingMs <= 0) throw createNoSlotError(model);
        if (!isReported) {
          const waitMs = Math.max(0, acquired.until - clock.now());
          const until = new Date(acquired.until).toISOString();
          const { source, value } = acquired.limit;
          const guess = source === 'built-in' ? { guessed: true, limit: value } : {};
          emit?.({ type: 'wait', model, reason: 'concurrency', waitMs, until, ...guess });
        }
        isReported = true;
        await clock.sleep(Math.min(pollMs, remainingMs), signal);
      }
    },
  };
}

/** Creates the error without `retryAt`, because nobody knows when a slot becomes free. */
function createNoSlotError(model: string): BoticelliError {
  return new BoticelliError(
    'rate_limited',
    `no slot for a concurrent request to ${model} became free within --max-wait`,
    {
      hint: 'The request was not sent. Raise --max-wait, or use another model with --model or --fallback.',
    },
  );
}

/** Renews the slot `id` until the returned lease is released. */
function startLease(model: string, id: string, options: ConcurrencyLimiterOptions & { leaseMs: number }): Lease {
  const { store, clock, project, leaseMs } = options;
  const key = modelStateKey(project, model);
  let isReleased = false;
  const heartbeat = setInterval(() => {
    const renewal = store.transact(key, (state) => {
      // The transaction of a renewal may run only after the slot was removed.
      if (isReleased) return;
      const expiresAt = clock.now() + leaseMs;
      const ownSlot = state.concurrencySlots.find((slot) => slot.id === id);
      if (ownSlot) ownSlot.expiresAt = expiresAt;
      else state.concurrencySlots.push({ id, expiresAt });
    });
    // A failed renewal is ignored: the next one extends the slot's time, which outlasts two failures in a row.
    renewal.catch(() => {});
  }, leaseMs / 4);
  heartbeat.unref();
  return {
    async release() {
      isReleased = true;
      clearInterval(heartbeat);
      await store.transact(key, (state) => {
        state.concurrencySlots = state.concurrencySlots.filter((slot) => slot.id !== id);
      });
    },
  };
}
