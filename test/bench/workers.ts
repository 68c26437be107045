import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** The task of a worker process of the quota benchmark, passed as JSON in its first argument. */
export interface QuotaTask {
  /** The state folder that all workers share. */
  folder: string;
  baseUrl: string;
  /** The number of requests, sent one after another. */
  requests: number;
  prompt: string;
  windowMs: number;
  rpm?: number;
  tpm?: number;
}

/** Bundles a script of this folder for Node. Resolves to the path of the bundle. */
export async function bundleScript(name: string): Promise<string> {
  const outfile = `node_modules/.cache/boticelli/${name}.mjs`;
  await build({
    ...{ entryPoints: [`test/bench/${name}.ts`], outfile, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' },
  });
  return outfile;
}

/**
 * Starts a process for each task, and lets all of them begin when each has printed a line. Resolves to their results: each
 * process prints its result as a line of JSON.
 */
export async function runWorkers<Result>(script: string, tasks: readonly object[]): Promise<Result[]> {
  const workers = tasks.map((task) => startWorker(script, task));
  await Promise.all(workers.map(({ readLine }) => readLine()));
  for (const { begin } of workers) begin();
  const results = await Promise.all(workers.map(({ readLine }) => readLine()));
  await Promise.all(workers.map(({ exited }) => exited));
  return results.map((json) => JSON.parse(json));
}

function startWorker(script: string, task: object) {
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async readLine(): Promise<string> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended without a result`);
      return value;
    },
    begin: () => child.stdin.end('go\n'),
    exited: new Promise<void>((resolve) => child.on('close', () => resolve())),
  };
}
