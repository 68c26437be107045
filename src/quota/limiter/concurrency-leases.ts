import { randomUUID } from 'node:crypto';
import type { Clock } from '../../driver/clock.js';
import type { Gate, Lease } from '../../driver/concurrency-limiter.js';
import { BoticelliError } from '../../errors.js';
import { effectiveLimits, type Limits } from '../limits.js';
import type { Keeper } from '../stores/quota-store.js';
import { createProjectPages, pageKey } from './project-state.js';

export interface LeaseGateOptions {
  keeper: Keeper;
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
const longestPauseMs = 1000;

/** A gate over the book's pages. A model without a limit of concurrency is not kept account of. */
export function createLeaseGate(options: LeaseGateOptions): Gate {
  const { clock, limitsFor, leaseMs = 15_000, maxWaitMs = Number.POSITIVE_INFINITY } = options;
  const pages = createProjectPages(options);

  /** Takes a place, at what an alias stands for, if there is one; else says until when the first one is taken at most. */
  const tryEnter = (asked: string, id: string): Promise<{ model: string } | { until: number }> =>
    pages.onCounted(asked, (page, now, model) => {
      const { maxConcurrent } = effectiveLimits(limitsFor(model, asked), page.learned);
      // One that ends later was taken before the clock was set back: who holds it says so again soon, if anybody does.
      for (const lease of page.leases) lease.expiresAt = Math.min(lease.expiresAt, now + leaseMs);
      if (maxConcurrent && page.leases.length >= maxConcurrent.value) {
        return { until: Math.min(...page.leases.map(({ expiresAt }) => expiresAt)) };
      }
      page.leases.push({ id, expiresAt: now + leaseMs });
      return { model };
    });

  return {
    async enter(model, { signal, emit }) {
      if (!limitsFor(model).maxConcurrent) return { release: async () => {} };
      const id = randomUUID();
      const latest = clock.now() + maxWaitMs;
      for (let pauseMs = 50, told = false; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
        signal?.throwIfAborted();
        const entered = await tryEnter(model, id);
        if ('model' in entered) return hold(entered.model, id, { ...options, leaseMs });
        const leftMs = latest - clock.now();
        if (leftMs <= 0) throw noPlace(model);
        const { until } = entered;
        if (!told) {
          const waitMs = Math.max(0, until - clock.now());
          emit?.({ type: 'wait', model, reason: 'concurrency', waitMs, until: new Date(until).toISOString() });
        }
        told = true;
        await clock.sleep(Math.min(pauseMs, leftMs), signal);
      }
    },
  };
}

/** When a place comes free nobody knows, so the error can't say it. */
function noPlace(model: string): BoticelliError {
  return new BoticelliError('rate_limited', `no place at ${model} came free within --max-wait`, {
    hint: 'Nothing was sent. Wait longer, or use another model with --model or --fallback.',
  });
}

/** Keeps a lease alive until it is released. */
function hold(model: string, id: string, { keeper, clock, project, leaseMs = 0 }: LeaseGateOptions): Lease {
  const key = pageKey(project, model);
  const heartbeat = setInterval(() => {
    const beat = keeper.transact(key, (page) => {
      const mine = page.leases.find((lease) => lease.id === id);
      if (mine) mine.expiresAt = clock.now() + leaseMs;
      else page.leases.push({ id, expiresAt: clock.now() + leaseMs });
    });
    // A beat that fails is made up for by the next one; three in a row would be missed before the lease ends.
    beat.catch(() => {});
  }, leaseMs / 4);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      await keeper.transact(key, (page) => {
        page.leases = page.leases.filter((lease) => lease.id !== id);
      });
    },
  };
}
