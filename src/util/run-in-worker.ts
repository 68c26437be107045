import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The limits of work in a worker. */
export interface WorkerLimits {
  /** Aborting ends the work at once. */
  signal?: AbortSignal | undefined;
  timeoutMs: number;
}

/** The result of the work, or the limit that ended it. */
export type WorkerOutcome<Result> = { ok: true; result: Result } | { ok: false; limit: 'time' | 'memory' };

/** The maximum heap of a worker, in megabytes. */
export const maxWorkerMegabytes = 256;

/**
 * Runs a script of `dist/lazy/` in a worker thread. Use it for work whose duration an input decides, such as matching a
 * regular expression that someone else wrote: a thread can be ended in the middle of it, while the same work in the
 * main thread would block signals and timers. Starting a thread takes about 30 ms.
 *
 * The script gets the input as `workerData` and posts one message, the result. Rejects with the signal's reason after
 * an abort, and with the error of a script that throws.
 */
export async function runInWorker<Result>(
  script: string,
  input: unknown,
  { signal, timeoutMs }: WorkerLimits,
): Promise<WorkerOutcome<Result>> {
  const { Worker } = await import('node:worker_threads');
  signal?.throwIfAborted();
  const worker = new Worker(findLazyFile(`${script}.cjs`), {
    workerData: input,
    // The environment may have the API key, and the script needs nothing from it.
    ...{ env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: maxWorkerMegabytes } },
  });
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => resolve({ ok: false, limit: 'time' }), timeoutMs);
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort);
      worker.on('message', (result: Result) => resolve({ ok: true, result }));
      worker.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ ok: false, limit: 'memory' });
        else reject(error);
      });
      worker.on('exit', () => reject(new Error(`the worker ${script} ended without a result`)));
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

/** Returns the path of a file of `dist/lazy/`. This code is in `dist/` or below it or, during tests, in `src/util/`. */
export function findLazyFile(name: string): string {
  const folder = typeof __dirname === 'string' ? __dirname : dirname(fileURLToPath(import.meta.url));
  const paths = ['lazy', '../lazy', '../../dist/lazy'].map((path) => join(folder, path, name));
  return paths.find((path) => existsSync(path)) ?? join(folder, 'lazy', name);
}
