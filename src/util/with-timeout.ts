/** Settles like `work`, or rejects after `timeoutMs` with an error that has the given message. */
export async function withTimeout<Result>(work: Promise<Result>, timeoutMs: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const rejectOnTimeout = () => reject(new Error(message));
    // If the process was blocked, the timer fires before a response that has already arrived is read. The event loop
    // reads sockets between timers and immediates. The rejection waits for two immediates, so that the response is read
    // before the first one and handled before the second.
    timer = setTimeout(() => setImmediate(() => setImmediate(rejectOnTimeout)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
