/** Settles like `work`, or rejects with an error of the given message after `timeoutMs`. */
export async function withTimeout<Result>(work: Promise<Result>, timeoutMs: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const rejectOnTimeout = () => reject(new Error(message));
    // After the process itself was blocked, the timer is due before a response that arrived long ago is read. The event loop
    // reads sockets between timers and immediates, so the rejection waits for two immediates.
    timer = setTimeout(() => setImmediate(() => setImmediate(rejectOnTimeout)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
