import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A command to be timed. */
export interface TimedCommand {
  args: string[];
  env: Record<string, string>;
}

/** The program that is measured. */
export interface BenchTarget {
  bin: string;
  /** Its environment where it talks to a server. */
  environmentFor: (baseUrl: string) => Record<string, string>;
}

/** Two commands timed in turns, so that what else the machine does falls on both. Times in milliseconds. */
export interface PairedTimes {
  ours: number;
  peer: number;
  /** The median of ours over the median of the peer. */
  ratio: number;
  /** The CPU time of ours over that of the peer, all rounds together: what a busy machine bends less. NaN but on Linux. */
  cpuRatio: number;
}

/** Runs `node` with the arguments to its end. Rejects if it does not exit with 0. */
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

/** Times two commands against each other, in `rounds` interleaved pairs whose order alternates. */
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

/** What the processes that this one has started and seen end took of the CPUs; in ticks of 10 ms (proc(5), cutime). */
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

/** The q-quantile of some numbers, the lower one of two. */
export function quantile(numbers: number[], q: number): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;
}
