import type { Clock } from '../../driver/clock.js';
import type { Gate } from '../../driver/concurrency-limiter.js';
import type { CallContext } from '../../driver/driver.js';
import type { WaitEvent } from '../../driver/events.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { BoticelliError, QuotaRefused } from '../../errors.js';
import type { Limits } from '../limits.js';
import { estimateTokens } from './estimate-tokens.js';
import { lessonOf } from './learned-limits.js';
import type { ModelQueue } from './model-queue.js';
import type { Booked, NotBooked, QuotaBook, Wish } from './rate-limiter.js';

export interface AdmissionOptions {
  book: QuotaBook;
  gate: Gate;
  queue: ModelQueue;
  /** What is set, or guessed, for a model; `requestedAs` is the alias that it was asked by. */
  limitsFor: (model: string, requestedAs?: string) => Limits;
  /** Rather than wait longer than this for quota, fail. Without it minutes are waited out; a closed day never is. */
  maxWaitMs?: number;
  clock: Clock;
  /** Loads what a call needs. */
  prepare?: (() => Promise<void>) | undefined;
  /** Whether the driver takes the model's place at the gate itself. */
  holdsPlace?: ((model: string) => boolean | Promise<boolean>) | undefined;
}

/** Leave to send one request. */
export interface Admission {
  /** What the request is to be sent with: the appointment is confirmed when it leaves, and not a moment before. */
  context: CallContext;
  /** Tells the book what the reply counted for. */
  settle(response: GenerateResponse): Promise<void>;
  /** Teaches the book what a failure says. Resolves to the error to be handed up. */
  learn(thrown: unknown): Promise<unknown>;
  /** To be called when the request is over, however it ended. */
  leave(): Promise<void>;
}

/** Waits for the model's turn in this process, for a place at it, and for its quota. Rejects with the signal's reason. */
export async function admit(
  request: GenerateRequest,
  context: CallContext,
  options: AdmissionOptions,
): Promise<Admission> {
  const { gate, queue, prepare, holdsPlace } = options;
  // What is loaded after the appointment makes the request late for it.
  await prepare?.();
  const turn = await queue.enter(request.model, context.signal);
  try {
    // A place that is taken twice would be waited for in vain, by the one who has it.
    const isHeld = await holdsPlace?.(request.model);
    const lease = isHeld ? undefined : await gate.enter(request.model, context);
    try {
      const appointment = await makeAppointment(request, context, options);
      return {
        ...appointment,
        async leave() {
          turn.leave();
          await lease?.release().catch(() => {});
        },
      };
    } catch (thrown) {
      await lease?.release().catch(() => {});
      throw thrown;
    }
  } catch (thrown) {
    turn.leave();
    throw thrown;
  }
}

/** Makes an appointment and comes to it; it is confirmed when the request leaves, as often as it is moved till then. */
async function makeAppointment(
  request: GenerateRequest,
  context: CallContext,
  options: AdmissionOptions,
): Promise<Omit<Admission, 'leave'>> {
  const { book, clock } = options;
  const booking = open(await orGivenUp(book.book(wishFor(request, options)), context.signal, book));
  let booked = await comeTo(booking, context, book, clock);
  let sent = false;

  const confirm = async (): Promise<void> => {
    while (!sent) {
      const answer = await book.confirm(booked);
      sent = answer === 'go';
      if (answer === 'go') return;
      booked = await comeTo(open(answer), context, book, clock);
    }
  };
  return {
    context: { ...context, beforeSending: confirm },
    async settle({ usage: { promptTokens }, model: servedModel }) {
      // The reply is there and paid for: a book that can't be written is no reason to lose it.
      if (!sent) await book.confirm(booked).catch(() => {});
      await book.settle(booked, { promptTokens, servedModel }).catch(() => {});
    },
    async learn(thrown) {
      if (thrown instanceof QuotaRefused) return taught(thrown, booked, book, clock);
      // What never left takes nothing of the quota.
      if (!sent) await book.cancel(booked).catch(() => {});
      return thrown;
    },
  };
}

/** Settles as the booking does, but rejects at once when the caller gives up: others may keep the book locked for long. */
function orGivenUp(
  booking: Promise<Booked | NotBooked>,
  signal: AbortSignal | undefined,
  book: QuotaBook,
): Promise<Booked | NotBooked> {
  if (!signal) return booking;
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(signal.reason);
      // What is booked after all is free for others.
      booking.then((late) => (late.state === 'booked' ? book.cancel(late) : undefined)).catch(() => {});
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    booking.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function wishFor(request: GenerateRequest, { limitsFor, maxWaitMs, clock }: AdmissionOptions): Wish {
  const { model } = request;
  return {
    model,
    estimatedTokens: estimateTokens(request),
    limitsOf: (counted) => limitsFor(counted, model),
    ...(maxWaitMs !== undefined && { latest: clock.now() + maxWaitMs }),
  };
}

function open(booking: Booked | NotBooked): Booked {
  if (booking.state === 'booked') return booking;
  throw noQuota(booking);
}

/** Beyond this a wait is looked at again halfway: room may have come free, and quota is not to be left lying. */
const longWaitMs = 400;

/** Waits for an appointment's time. Resolves to the appointment as it then stands; gives it up where that fails. */
async function comeTo(booking: Booked, { emit, signal }: CallContext, book: QuotaBook, clock: Clock): Promise<Booked> {
  let booked = booking;
  try {
    for (let toldUntil = 0; ; ) {
      signal?.throwIfAborted();
      const waitMs = Math.ceil(booked.at - clock.now());
      if (waitMs <= 0) return booked;
      // Told once: that it ends earlier than that needs no words.
      if (booked.at > toldUntil) emit?.(waitEvent(booked, waitMs));
      toldUntil = Math.max(toldUntil, booked.at);
      if (waitMs <= longWaitMs) {
        await clock.sleep(waitMs, signal);
        return booked;
      }
      await clock.sleep(Math.ceil(waitMs / 2), signal);
      booked = open(await book.look(booked));
    }
  } catch (thrown) {
    await book.cancel(booked).catch(() => {});
    throw thrown;
  }
}

function waitEvent({ model, reason = 'rpm', guessed, at }: Booked, waitMs: number): WaitEvent {
  const until = new Date(at).toISOString();
  return { type: 'wait', model, reason, waitMs, until, ...(guessed && { guessed }) };
}

function noQuota({ state, model, at }: NotBooked): BoticelliError {
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

async function taught(refused: QuotaRefused, booked: Booked, book: QuotaBook, clock: Clock): Promise<QuotaRefused> {
  const lesson = lessonOf(refused, clock.now());
  await book.learn(booked, lesson).catch(() => {});
  // Without a delay of its own: the book alone waits, once, when the next attempt asks it.
  return lesson.closedUntil === undefined ? refused.withoutDelay() : refused;
}
