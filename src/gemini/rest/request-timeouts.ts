import { BoticelliError, StreamTimeout } from '../../errors.js';

/** The life of one attempt: it ends by its answer, the caller's abort, a deadline, or silence. */
export interface RequestTimeouts {
  /**
   * Aborts when the attempt is over before its time, with what the caller is to get as the reason: the caller's own
   * reason, or the error of a timeout.
   */
  signal: AbortSignal;
  /** Tells that the request leaves: the deadline runs from the first time that this is called. */
  markSent(): void;
  /** Tells that a wait for the next bytes of a stream begins. */
  markWaiting(): void;
  /** Tells that bytes came. The first ones start the watch over silence: a model may think long before it speaks. */
  markReceived(): void;
  /** Tells that the answer was read to its end, so that there is nothing left to close. */
  markComplete(): void;
  /** Releases timers and the caller's signal, and closes the connection unless the answer was read to its end. */
  close(): void;
}

export interface RequestTimeoutOptions {
  /** The caller's signal. */
  signal: AbortSignal | undefined;
  /** Bounds the whole attempt, from when it is sent. */
  timeoutMs: number;
  /** Bounds the time between two packets of a stream. */
  idleTimeoutMs: number;
  /** What of `timeoutMs` is spent already. */
  elapsedMs?: number;
}

/** Begins an attempt; its deadline runs from when it is sent. Throws the reason of a signal that has aborted already. */
export function createRequestTimeouts({
  signal: callerSignal,
  timeoutMs,
  idleTimeoutMs,
  elapsedMs = 0,
}: RequestTimeoutOptions): RequestTimeouts {
  callerSignal?.throwIfAborted();
  // One controller a call: a long-lived signal handed to every fetch would gather a listener with each (wire.md).
  const controller = new AbortController();
  const onCallerAbort = () => controller.abort(callerSignal?.reason);
  callerSignal?.addEventListener('abort', onCallerAbort);
  let deadlineTimer: NodeJS.Timeout | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let isWaiting = false;
  let isComplete = false;

  return {
    signal: controller.signal,
    markSent() {
      deadlineTimer ??= setTimeout(
        () => controller.abort(createTimeoutError(timeoutMs)),
        clampTimerMs(timeoutMs - elapsedMs),
      );
    },
    markWaiting() {
      isWaiting = true;
      idleTimer?.refresh();
    },
    markReceived() {
      isWaiting = false;
      // One timer for the whole stream. It counts only while we wait: a reader that pauses is no silence of the service.
      idleTimer ??= setTimeout(
        () => isWaiting && controller.abort(createIdleTimeoutError(idleTimeoutMs)),
        clampTimerMs(idleTimeoutMs),
      );
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

function createTimeoutError(timeoutMs: number): BoticelliError {
  return new BoticelliError('timeout', `there was no whole reply within ${timeoutMs / 1000} s`, {
    hint: 'Allow more with --timeout. It was not tried again, for the request is spent.',
  });
}

function createIdleTimeoutError(idleTimeoutMs: number): StreamTimeout {
  return new StreamTimeout(`the stream fell silent for ${idleTimeoutMs / 1000} s`, {
    hint: 'Allow more with --idle-timeout. It was not tried again, for the request is spent.',
  });
}

/** What setTimeout can take: it fires at once for more than 2^31-1 ms, about 25 days. */
function clampTimerMs(durationMs: number): number {
  return Math.min(durationMs, 2 ** 31 - 1);
}
