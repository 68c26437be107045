import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A command to measure. */
export interface TimedCommand {
  args: string[];
  env: Record<string, string>;
}

/** The program to measure. */
export interface MeasuredProgram {
  bin: string;
  /** Creates the environment variables with which the program uses the server at `baseUrl`. */
  createEnvironment: (baseUrl: string) => Record<string, string>;
}

/** The medians of two commands that were run alternately, so that other load affects both. Times in milliseconds. */
export interface PairedTimes {
  ours: number;
  peer: number;
  /** The median of ours divided by the median of the peer. */
  ratio: number;
  /** The ratio of CPU times over all rounds, which other load affects less. NaN except on Linux. */
  cpuRatio: number;
}

/** Prints a row of a Markdown table. */
export function printRow(...cells: (string | number)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** Prints the heading of a Markdown table. */
export function printHeading(...cells: string[]): void {
  printRow(...cells);
  printRow(...cells.map(() => '---'));
}

export function formatMs(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}

/** Runs `node` with the arguments and resolves to its duration. Rejects if the exit code is not 0. */
export function runNode({ args, env }: TimedCommand, onStdout: (text: string) => void = () => {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.setEncoding('utf8').on('data', onStdout);
    child.on('close', (code) =>
      code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`${args.join(' ')} exited with ${code}`)),
    );
  });
}

/** Measures two commands in `rounds` pairs, in alternating order. */
export async function timePairs(ours: TimedCommand, peer: TimedCommand, rounds: number): Promise<PairedTimes> {
  const times = { ours: [] as number[], peer: [] as number[] };
  const cpu = { ours: 0, peer: 0 };
  // The first round fills the caches of the file system and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const side of order) {
      const before = readChildCpuMs();
      const time = await runNode(side === 'ours' ? ours : peer);
      if (round === 0) continue;
      times[side].push(time);
      cpu[side] += readChildCpuMs() - before;
    }
  }
  const medians = { ours: quantile(times.ours, 0.5), peer: quantile(times.peer, 0.5) };
  return { ...medians, ratio: medians.ours / medians.peer, cpuRatio: cpu.ours / cpu.peer };
}

/**
 * Reads the CPU time of all child processes that have ended. Linux counts it in ticks of 10 ms (proc(5), cutime and
 * cstime).
 */
function readChildCpuMs(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return Number.NaN;
  }
}

/** Returns the q-quantile of the numbers. If it is between two of them, returns the lower one. */
export function quantile(numbers: number[], q: number): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;
}
