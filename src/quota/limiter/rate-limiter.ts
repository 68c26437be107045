import { randomUUID } from 'node:crypto';
import type { Clock } from '../../driver/clock.js';
import { type Budget, effectiveLimits, type Limits } from '../limits.js';
import type { Keeper } from '../stores/quota-store.js';
import { learnRefusal, learnTokens, type Refusal } from './learned-limits.js';
import { type Appointment, correctedTokens, dayOf, type Page } from './model-state.js';
import { createProjectPages } from './project-state.js';
import { enter, guardFor, type Moment, moveUp, plan, replan, type Spacing, strike } from './schedule.js';

/** What a caller wants an appointment for. */
export interface Wish {
  /** The model asked for; it may be an alias. */
  model: string;
  /** Prompt tokens by the caller's estimate; the book corrects it by what it has seen. */
  estimatedTokens: number;
  /** The limits of a model: of the one asked for, or of what an alias is known to stand for. */
  limitsOf: (model: string) => Limits;
  /** Beyond this moment the caller does not wait. */
  latest?: number;
}

/** An appointment with the quota: when the request may be sent. */
export interface Booked extends Moment {
  state: 'booked';
  id: string;
  wish: Wish;
  /** The model whose quota it is: what an alias is known to stand for. */
  model: string;
  /** True where it is in a book that machines share. */
  shared?: boolean;
}

/** No appointment: the day is used up, or the first moment is later than the caller would wait for. */
export interface NotBooked {
  state: 'closed' | 'too-late';
  model: string;
  /** When there would be room. */
  at: number;
}

export interface QuotaBook {
  /**
   * Makes an appointment: the first moment at which the request fits, in one transaction.
   * @param id of an appointment that is made anew: it stays the same
   */
  book(wish: Wish, id?: string): Promise<Booked | NotBooked>;
  /**
   * To be called now and then before the appointment's time: it may have come to be earlier.
   * @returns the appointment as it stands
   */
  look(booked: Booked): Promise<Booked | NotBooked>;
  /**
   * To be called at the appointment's time, just before sending.
   * @returns `go` where the request may be sent now, else the appointment that stands in its place
   */
  confirm(booked: Booked): Promise<'go' | Booked | NotBooked>;
  /** Writes down a request that is sent now, whether or not there is room for it. */
  sent(wish: Wish, id?: string): Promise<Booked>;
  /** Gives an appointment up. */
  cancel(booked: Booked): Promise<void>;
  /** Replaces the estimate by what the service counted, and learns which model an alias stands for. */
  settle(booked: Booked, reply: { promptTokens: number; servedModel: string }): Promise<void>;
  /** Learns from a refusal, for everyone who shares the book. */
  learn(booked: Booked, refusal: Refusal): Promise<void>;
  /** Ends what the book holds open; to be called once, at the end. Never rejects. */
  close?(): Promise<void>;
}

export interface QuotaBookOptions {
  keeper: Keeper;
  clock: Clock;
  /** Keys of one project share its limits. */
  project: string;
  /** The length of the service's "minute". Default 60 000. */
  windowMs?: number;
  budget?: Budget;
}

/** The quota book of one project: one algorithm, whoever keeps the pages. */
export function createQuotaBook(options: QuotaBookOptions): QuotaBook {
  const pages = createProjectPages(options);
  const { windowMs = 60_000 } = options;
  const spacingOn = (page: Page, limits: Limits) => spacing(page, limits, options);

  return {
    book: (wish, id = randomUUID()) =>
      pages.onCounted(wish.model, (page, now, model) =>
        bookOn(page, now, { id, wish, model }, spacingOn(page, wish.limitsOf(model))),
      ),

    look: (booked) =>
      pages.onCounted(booked.wish.model, (page, now, model) =>
        lookOn(page, now, { ...booked, model }, spacingOn(page, booked.wish.limitsOf(model))),
      ),

    confirm: (booked) =>
      pages.onCounted(booked.wish.model, (page, now, model) =>
        confirmOn(page, now, { ...booked, model }, spacingOn(page, booked.wish.limitsOf(model))),
      ),

    sent: (wish, id = randomUUID()) =>
      pages.onCounted(wish.model, (page, now, model) => {
        const tokens = correctedTokens(page, wish.estimatedTokens);
        enter(page, { id, at: now, tokens, bookedAt: now, confirmed: true });
        return { state: 'booked', id, wish, model, at: now, guessed: false };
      }),

    cancel: ({ wish, id }) => pages.onCounted(wish.model, (page) => void strike(page, id)),

    async settle({ id, wish }, { promptTokens, servedModel }) {
      await pages.standFor(wish.model, servedModel, id);
      const tokens = { estimated: wish.estimatedTokens, counted: promptTokens };
      await pages.onCounted(wish.model, (page) => learnTokens(page, id, tokens));
    },

    async learn({ id, wish }, refusal) {
      // The service names the model whose quota it is, which for an alias is another one.
      const named = refusal.facts.find(({ model }) => model !== undefined)?.model;
      if (named !== undefined) await pages.standFor(wish.model, named, id);
      await pages.onCounted(wish.model, (page, now, model) => {
        const limits = wish.limitsOf(model);
        // What was refused was not served: it takes nothing of the minute, and nothing of the day.
        const bookedAt = strike(page, id)?.bookedAt ?? 0;
        learnRefusal(page, now, refusal, { limits, windowMs, bookedAt });
        replan(page, now, spacingOn(page, limits));
      });
    },
  };
}

function spacing(page: Page, limits: Limits, { windowMs = 60_000, budget }: QuotaBookOptions): Spacing {
  return {
    limits: effectiveLimits(limits, page.learned, budget),
    windowMs,
    guardMs: guardFor(windowMs, page.guardFactor),
  };
}

function bookOn(
  page: Page,
  now: number,
  { id, wish, model }: Pick<Booked, 'id' | 'wish' | 'model'>,
  spacing: Spacing,
): Booked | NotBooked {
  const tokens = correctedTokens(page, wish.estimatedTokens);
  const planned = plan(page, tokens, now, spacing);
  if (!planned.open) return { state: 'closed', model, at: planned.until };
  const { at, reason, guessed } = planned;
  // What need not wait is never too late, however long the book itself was waited for: `--max-wait 0` is to be met.
  if (wish.latest !== undefined && at > Math.max(now, wish.latest)) return { state: 'too-late', model, at };
  enter(page, { id, at, tokens, estimated: wish.estimatedTokens, bookedAt: now, confirmed: false });
  return { state: 'booked', id, wish, model, at, guessed, ...(reason && { reason }) };
}

function lookOn(page: Page, now: number, booked: Booked, spacing: Spacing): Booked | NotBooked {
  moveUp(page, now, spacing);
  const mine = page.appointments.find(({ id }) => id === booked.id);
  return mine ? { ...booked, at: mine.at } : bookOn(page, now, booked, spacing);
}

function confirmOn(page: Page, now: number, booked: Booked, spacing: Spacing): 'go' | Booked | NotBooked {
  const mine = page.appointments.find(({ id }) => id === booked.id);
  if (mine && mine.at > now && page.closedUntil === undefined) return { ...booked, at: mine.at };
  if (mine && page.closedUntil === undefined && mayComeLate(page, mine, now, spacing)) {
    mine.confirmed = true;
    if (now > mine.at) goLate(page, mine, now, spacing);
    return 'go';
  }
  // It was missed (a laptop that slept), or its day closed and there is no room for it any more.
  strike(page, booked.id);
  return bookOn(page, now, booked, spacing);
}

/**
 * Whether an appointment may be kept now, after its time. Within a window of it, it may: whoever has an appointment in
 * between counted it, and those still to come are moved. Beyond that others had no reason to reckon with it.
 */
function mayComeLate(page: Page, { at }: Appointment, now: number, { windowMs }: Spacing): boolean {
  return now - at < windowMs && dayOf(page, at) === dayOf(page, now);
}

/** What leaves late arrives late: those who come a window after it wait as much longer, and the guard stays whole. */
function goLate(page: Page, late: Appointment, now: number, spacing: Spacing): void {
  late.at = now;
  page.appointments.sort((left, right) => left.at - right.at);
  replan(page, now, spacing);
}
