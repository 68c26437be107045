import { BoticelliError, StreamTimeout } from '../../errors.js';
import { abortable } from '../../util/abortable.js';

/** The time limits of one attempt: the deadline, and the idle timeout between packets. */
export interface RequestTimeouts {
  /** Aborts when the attempt ends early. The reason is the caller's own, or the error of a timeout. */
  signal: AbortSignal;
  /** Starts the deadline, unless it has been started. Call it when the request is sent. */
  startDeadline(): void;
  /** Call before waiting for the next bytes of a stream. */
  markWaiting(): void;
  /** Call when bytes arrive. The first bytes start the idle timeout: before them, a model may think for long. */
  markReceived(): void;
  /** Call when the response has been read to its end. */
  markComplete(): void;
  /** Clears timers and listeners. Closes the connection too, unless the response has been read to its end. */
  close(): void;
}

/** The options of `createRequestTimeouts`. */
export interface RequestTimeoutOptions {
  /** The caller's signal. */
  signal: AbortSignal | undefined;
  /** Limit of the whole attempt in milliseconds. The time before `startDeadline()` does not count, except `setupMs`. */
  timeoutMs: number;
  /** Limit between two packets of a stream, in milliseconds. */
  idleTimeoutMs: number;
  /** How long the setup of the Live session took, before `startDeadline()`. Default 0. */
  setupMs?: number;
}

/** The longest delay of setTimeout (about 25 days). A timer with a longer delay fires at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Begins an attempt. Throws the reason of a signal that has already aborted. */
export function createRequestTimeouts(options: RequestTimeoutOptions): RequestTimeouts {
  const { signal: callerSignal, timeoutMs, idleTimeoutMs, setupMs = 0 } = options;
  callerSignal?.throwIfAborted();
  // Each attempt has its own controller, because a long-lived signal would keep a listener for every fetch.
  const controller = new AbortController();
  const onCallerAbort = () => controller.abort(callerSignal?.reason);
  callerSignal?.addEventListener('abort', onCallerAbort);
  let deadlineTimer: NodeJS.Timeout | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let isWaiting = false;
  let isComplete = false;

  return {
    signal: controller.signal,
    startDeadline() {
      const onDeadline = () => controller.abort(createTimeoutError(timeoutMs));
      deadlineTimer ??= setTimeout(onDeadline, Math.min(timeoutMs - setupMs, maxTimerMs));
    },
    markWaiting() {
      isWaiting = true;
      idleTimer?.refresh();
    },
    markReceived() {
      isWaiting = false;
      // One timer serves the whole stream. It counts only while we wait for bytes, not while the reader pauses.
      const onIdle = () => isWaiting && controller.abort(createIdleTimeoutError(idleTimeoutMs));
      idleTimer ??= setTimeout(onIdle, Math.min(idleTimeoutMs, maxTimerMs));
    },
    markComplete() {
      isComplete = true;
    },
    close() {
      clearTimeout(deadlineTimer);
      clearTimeout(idleTimer);
      callerSignal?.removeEventListener('abort', onCallerAbort);
      if (!isComplete) controller.abort();
    },
  };
}

const notRetriedHint = 'The request was not retried, because it may already have been billed.';

function createTimeoutError(timeoutMs: number): BoticelliError {
  return new BoticelliError('timeout', `no complete reply within ${timeoutMs / 1000} s`, {
    hint: `Raise --timeout. ${notRetriedHint}`,
  });
}

function createIdleTimeoutError(idleTimeoutMs: number): StreamTimeout {
  return new StreamTimeout(`the stream was silent for ${idleTimeoutMs / 1000} s`, {
    hint: `Raise --idle-timeout. ${notRetriedHint}`,
  });
}

/** Yields the packets of a body within the time limits of its request. */
export async function* readPackets(body: AsyncIterable<Uint8Array>, timeouts: RequestTimeouts) {
  const packets = body[Symbol.asyncIterator]();
  for (;;) {
    timeouts.markWaiting();
    const { done, value } = await abortable(packets.next(), timeouts.signal);
    if (done) return timeouts.markComplete();
    timeouts.markReceived();
    yield value;
  }
}
