import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessResult, startBoticelli } from '../../helpers/boticelli.js';
import type { GeminiServer } from '../../helpers/gemini/server.js';
import { requestCount } from './narratives.js';
import type { SmallDisk } from './small-disk.js';

/** What all rounds of the soak share. A round runs the same narratives with several commands until they complete. */
export interface KillContext {
  /** The folder of the narratives, on an ordinary disk. */
  folder: string;
  /** The disk of the state folder, the recordings and the folders of `--out-dir`. */
  disk: SmallDisk;
  server: GeminiServer;
  random: () => number;
}

/** A command of a round, and what happens to its process and to the disk. */
export interface Command {
  flags: string[];
  /** When to kill the process; undefined if it is left alone. */
  kill?: { afterRequests: number; afterMs: number };
  /** When the disk is filled, how much space is left, and how much later the disk is freed. By default it stays full. */
  fill?: { afterMs: number; freeBytes: number; freeAfterMs?: number };
  /** Whether the disk is read-only during the command. */
  isReadOnly?: boolean;
}

/**
 * Chooses when to kill the process, and what happens to the disk. Most kills come soon after a request. Fewer come
 * before the first request, because the exact moment makes little difference there.
 * @param index the number of earlier commands of the round, each of which leaves fewer requests to send
 */
export function chooseFaults(random: () => number, index: number): Pick<Command, 'kill' | 'fill' | 'isReadOnly'> {
  const afterRequests = random() < 0.15 ? 0 : 1 + Math.floor(random() * Math.max(1, requestCount - 2 * index));
  const kill = { afterRequests, afterMs: random() * (afterRequests === 0 ? 400 : 40) };
  const choice = random();
  if (choice < 0.1) return { kill, isReadOnly: true };
  // Later commands can reuse replies, which must work on a full disk too. So for them the disk is often full from the
  // start.
  if (choice < (index === 0 ? 0.15 : 0.5)) return { kill, fill: { afterMs: 0, freeBytes: 0 } };
  if (choice < 0.7) return { kill };
  const fill = {
    afterMs: random() * 400,
    freeBytes: random() < 0.4 ? 0 : random() * 100_000,
    ...(random() < 0.5 && { freeAfterMs: random() * 150 }),
  };
  return { kill, fill };
}

/** Runs a command. Kills its process and fills and frees the disk, as `kill` and `fill` say. */
export async function runWithFaults(
  { folder, disk, server }: KillContext,
  names: string[],
  command: Command,
): Promise<ProcessResult> {
  const { flags, kill, fill } = command;
  const requestsBefore = server.requests.length;
  const stateFolder = join(disk.folder, 'state');
  const running = startBoticelli(['run', ...names.map((name) => `${name}.toml`), ...flags], {
    ...{ server, cwd: folder },
    env: { HOME: folder, BOTICELLI_STATE_DIR: stateFolder, GEMINI_TIER: 'tier_1' },
  });
  const end = new AbortController();
  const wait = (ms: number) => delay(ms, undefined, { signal: end.signal });
  const changeDisk = async () => {
    if (!fill) return;
    await wait(fill.afterMs);
    disk.fill(fill.freeBytes);
    if (fill.freeAfterMs === undefined) return;
    await wait(fill.freeAfterMs);
    disk.free();
  };
  const killProcess = async () => {
    if (!kill) return;
    if (kill.afterRequests > 0) await server.waitForRequests(requestsBefore + kill.afterRequests);
    await wait(kill.afterMs);
    running.child.kill('SIGKILL');
  };
  const ignoreEnd = () => {};
  void changeDisk().catch(ignoreEnd);
  void killProcess().catch(ignoreEnd);
  const result = await running.result;
  end.abort();
  return result;
}
