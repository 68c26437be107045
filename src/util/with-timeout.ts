/** Resolves as the work does, or rejects with an error of these words when it takes too long. */
export async function withTimeout<Result>(work: Promise<Result>, timeoutMs: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const rejectOnTimeout = () => reject(new Error(message));
    // A process that was held up itself finds its timer due before it has read the answer that came long ago: so it reads
    // first, which an event loop does between timers and immediates.
    timer = setTimeout(() => setImmediate(() => setImmediate(rejectOnTimeout)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
