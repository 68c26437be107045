import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../driver/clock.js';
import { inTime } from '../../util/with-timeout.js';
import { shownRedis } from './address.js';
import { createRedisLink } from './reconnecting-client.js';
import type { RedisScript } from './scripts.js';
import { createServerClock, type ServerClock } from './server-clock.js';

/** Redis could not be asked: it is not there, refuses or is slow. The message says why, in a line. */
export class RedisAway extends Error {
  override name = 'RedisAway';
}

/** What a script answers. */
export interface ScriptAnswer {
  text?: string;
  /** Whether it did what it was asked to, where it may not have. */
  isDone: boolean;
}

/** A Redis that may come and go. Nobody waits for it for long: what can't be had in time is `RedisAway`. */
export interface RedisConnection {
  /** Host and port: all of its address that is ever shown. */
  host: string;
  /** The server's clock, as its answers tell it. */
  clock: ServerClock;
  /** Whether it could not be asked when it was last to be. */
  isAway(): boolean;
  /** Runs a script on a key, with its arguments as JSON and further texts. Rejects with RedisAway. */
  run(script: RedisScript, key: string, args?: object, ...texts: string[]): Promise<ScriptAnswer>;
  /** Sends another command. Rejects with RedisAway. */
  ask<Result>(command: (client: Redis | Cluster) => Promise<Result>): Promise<Result>;
  close(): void;
}

export interface RedisConnectionOptions {
  /** redis://[user:password@]host[:port][/database], or rediss:// for TLS. */
  url: string;
  /** Our own clock. */
  clock: Clock;
  /** How long an answer may take, and the first connection before it is done without. Default 250 ms. */
  patienceMs?: number;
  /** How long Redis is left alone after it failed, to begin with; twice as long each further time. Default 2 s. */
  retryMs?: number;
  /** Called when it is missed, with the reason; not again before it was back. */
  onAway?: (reason: string) => void;
  /** Called when it answers again. */
  onBack?: () => void;
  /** The time, where a test owns it: in place of the server's. */
  serverTime?: () => number;
}

/** Speaks to a Redis, from now on: connecting begins at once, and goes on beside whatever else is done. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, clock: own, patienceMs = 250, retryMs = 2000, onAway, onBack, serverTime } = options;
  const link = createRedisLink({ url, clock: own, patienceMs, retryMs });
  const clock = createServerClock(own);
  let isMissed = false;
  let isClosed = false;

  const away = (thrown: unknown): RedisAway => {
    const reason = wordsOf(thrown);
    if (!isMissed && !isClosed) onAway?.(reason);
    isMissed = true;
    return new RedisAway(reason);
  };

  const ask: RedisConnection['ask'] = async (command) => {
    const client = await link.client().catch((thrown) => {
      throw away(thrown);
    });
    try {
      const answer = await inTime(command(client.commands), patienceMs, `no answer within ${patienceMs} ms`);
      if (isMissed) onBack?.();
      isMissed = false;
      return answer;
    } catch (thrown) {
      const reason = wordsOf(thrown);
      // A node of a cluster sends whoever asks to another one, which only a client that knows them all can follow.
      if (/^MOVED /.test(reason) && link.becomeCluster(client)) return ask(command);
      link.giveUp(client, reason);
      throw away(thrown);
    }
  };

  return {
    host: shownRedis(url),
    clock,
    isAway: () => isMissed,
    ask,
    run(script, key, args = {}, ...texts) {
      const json = JSON.stringify({ ...args, ...(serverTime && { now: serverTime() }) });
      return ask(async (client) => {
        const sentAt = own.now();
        const command = Reflect.get(client, script) as (...parts: string[]) => Promise<[number, string?, number?]>;
        const [now, text, done] = await command.call(client, key, json, ...texts);
        clock.heard(now, sentAt, own.now());
        return { ...(typeof text === 'string' && { text }), isDone: done === 1 };
      });
    },
    close() {
      isClosed = true;
      link.close();
    },
  };
}

function wordsOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ').trim();
}
