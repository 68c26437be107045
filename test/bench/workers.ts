import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** What each process of a crew is told, as JSON in its first argument. */
export interface QuotaTask {
  /** The state folder that the crew shares. */
  folder: string;
  baseUrl: string;
  /** How many requests this process makes, one after the other. */
  requests: number;
  prompt: string;
  windowMs: number;
  rpm?: number;
  tpm?: number;
}

/** Bundles a script of this folder, so that Node can run it. Resolves to its path. */
export async function bundleScript(name: string): Promise<string> {
  const outfile = `node_modules/.cache/boticelli/${name}.mjs`;
  await build({
    ...{ entryPoints: [`test/bench/${name}.ts`], outfile, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' },
  });
  return outfile;
}

/**
 * Starts a process for each assignment, lets all of them begin at once when the last is ready, and resolves to what
 * each said at its end: a line of JSON.
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
      if (done) throw new Error(`${script} ended before its time`);
      return value;
    },
    begin: () => child.stdin.end('go\n'),
    exited: new Promise<void>((resolve) => child.on('close', () => resolve())),
  };
}
