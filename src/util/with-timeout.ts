/** Resolves as the work does, or rejects with an error of these words when it takes too long. */
export async function inTime<Result>(work: Promise<Result>, patienceMs: number, otherwise: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(otherwise));
    // A process that was held up itself finds its timer due before it has read the answer that came long ago: so it reads
    // first, which an event loop does between timers and immediates.
    timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
