import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** What each process of a crew is told, as JSON in its first argument. */
export interface Assignment {
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
export async function bundled(name: string): Promise<string> {
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
export async function setToWork<Said>(script: string, assignments: readonly object[]): Promise<Said[]> {
  const crew = assignments.map((assignment) => workerOf(script, assignment));
  await Promise.all(crew.map(({ line }) => line()));
  for (const { go } of crew) go();
  const said = await Promise.all(crew.map(({ line }) => line()));
  await Promise.all(crew.map(({ ended }) => ended));
  return said.map((json) => JSON.parse(json));
}

function workerOf(script: string, assignment: object) {
  const child = spawn(process.execPath, [script, JSON.stringify(assignment)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async line(): Promise<string> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended before its time`);
      return value;
    },
    go: () => child.stdin.end('go\n'),
    ended: new Promise<void>((resolve) => child.on('close', () => resolve())),
  };
}
