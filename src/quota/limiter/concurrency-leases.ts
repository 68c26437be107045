import { randomUUID } from 'node:crypto';
import type { Clock } from '../../driver/clock.js';
import type { ConcurrencyLimiter, Lease } from '../../driver/concurrency-limiter.js';
import { BoticelliError } from '../../errors.js';
import { computeEffectiveLimits, type Limits } from '../limits.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { createProjectState, modelStateKey } from './project-state.js';

export interface ConcurrencyLimiterOptions {
  store: QuotaStore;
  clock: Clock;
  project: string;
  /** What is set, or guessed, for a model; `requestedAs` is the alias that it was asked by. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** After how long without a heartbeat a place is free again. Default 15 s. */
  leaseMs?: number;
  /** Rather than wait longer than this for a place, fail with `rate_limited`. Without it a place is waited for as long as it takes. */
  maxWaitMs?: number;
}

/** Nobody tells when a place comes free, so it is asked for again, ever less often up to this. */
const maxPollIntervalMs = 1000;

/** A gate over the book's pages. A model without a limit of concurrency is not kept account of. */
export function createConcurrencyLimiter(options: ConcurrencyLimiterOptions): ConcurrencyLimiter {
  const { clock, limitsFor, leaseMs = 15_000, maxWaitMs = Number.POSITIVE_INFINITY } = options;
  const projectState = createProjectState(options);

  /** Takes a place, at what an alias stands for, if there is one; else says until when the first one is taken at most. */
  const tryAcquire = (requested: string, id: string): Promise<{ model: string } | { until: number }> =>
    projectState.updateCounted(requested, (state, now, model) => {
      const { maxConcurrent } = computeEffectiveLimits(limitsFor(model, requested), state.learned);
      // One that ends later was taken before the clock was set back: who holds it says so again soon, if anybody does.
      for (const lease of state.leases) lease.expiresAt = Math.min(lease.expiresAt, now + leaseMs);
      if (maxConcurrent && state.leases.length >= maxConcurrent.value) {
        return { until: Math.min(...state.leases.map(({ expiresAt }) => expiresAt)) };
      }
      state.leases.push({ id, expiresAt: now + leaseMs });
      return { model };
    });

  return {
    async acquire(model, { signal, emit }) {
      if (!limitsFor(model).maxConcurrent) return { release: async () => {} };
      const id = randomUUID();
      const deadline = clock.now() + maxWaitMs;
      for (
        let pollIntervalMs = 50, isReported = false;
        ;
        pollIntervalMs = Math.min(maxPollIntervalMs, pollIntervalMs * 2)
      ) {
        signal?.throwIfAborted();
        const acquired = await tryAcquire(model, id);
        if ('model' in acquired) return startLease(acquired.model, id, { ...options, leaseMs });
        const remainingMs = deadline - clock.now();
        if (remainingMs <= 0) throw createNoSlotError(model);
        const { until } = acquired;
        if (!isReported) {
          const waitMs = Math.max(0, until - clock.now());
          emit?.({ type: 'wait', model, reason: 'concurrency', waitMs, until: new Date(until).toISOString() });
        }
        isReported = true;
        await clock.sleep(Math.min(pollIntervalMs, remainingMs), signal);
      }
    },
  };
}

/** When a place comes free nobody knows, so the error can't say it. */
function createNoSlotError(model: string): BoticelliError {
  return new BoticelliError('rate_limited', `no place at ${model} came free within --max-wait`, {
    hint: 'Nothing was sent. Wait longer, or use another model with --model or --fallback.',
  });
}

/** Keeps a lease alive until it is released. */
function startLease(
  model: string,
  id: string,
  { store, clock, project, leaseMs = 0 }: ConcurrencyLimiterOptions,
): Lease {
  const key = modelStateKey(project, model);
  const heartbeat = setInterval(() => {
    const renewal = store.transact(key, (state) => {
      const ownLease = state.leases.find((lease) => lease.id === id);
      if (ownLease) ownLease.expiresAt = clock.now() + leaseMs;
      else state.leases.push({ id, expiresAt: clock.now() + leaseMs });
    });
    // A beat that fails is made up for by the next one; three in a row would be missed before the lease ends.
    renewal.catch(() => {});
  }, leaseMs / 4);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      await store.transact(key, (state) => {
        state.leases = state.leases.filter((lease) => lease.id !== id);
      });
    },
  };
}
