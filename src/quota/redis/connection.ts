import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../driver/clock.js';
import { withTimeout } from '../../util/with-timeout.js';
import { createReconnectingClient } from './reconnecting-client.js';
import { formatRedisAddress } from './redis-address.js';
import type { RedisScript } from './scripts.js';
import { createServerClock, type ServerClock } from './server-clock.js';

/** Redis could not be asked: it is not there, refuses or is slow. The message says why, in a line. */
export class RedisUnavailable extends Error {
  override name = 'RedisUnavailable';
}

/** What a script answers. */
export interface ScriptResponse {
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
  isUnavailable(): boolean;
  /** Runs a script on a key, with its arguments as JSON and further texts. Rejects with RedisAway. */
  runScript(script: RedisScript, key: string, args?: object, ...texts: string[]): Promise<ScriptResponse>;
  /** Sends another command. Rejects with RedisAway. */
  send<Result>(command: (client: Redis | Cluster) => Promise<Result>): Promise<Result>;
  close(): void;
}

export interface RedisConnectionOptions {
  /** redis://[user:password@]host[:port][/database], or rediss:// for TLS. */
  url: string;
  /** Our own clock. */
  clock: Clock;
  /** How long an answer may take, and the first connection before it is done without. Default 250 ms. */
  timeoutMs?: number;
  /** How long Redis is left alone after it failed, to begin with; twice as long each further time. Default 2 s. */
  retryDelayMs?: number;
  /** Called when it is missed, with the reason; not again before it was back. */
  onUnavailable?: (reason: string) => void;
  /** Called when it answers again. */
  onAvailable?: () => void;
  /** The time, where a test owns it: in place of the server's. */
  serverTime?: () => number;
}

/** Speaks to a Redis, from now on: connecting begins at once, and goes on beside whatever else is done. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const {
    url,
    clock: localClock,
    timeoutMs = 250,
    retryDelayMs = 2000,
    onUnavailable,
    onAvailable,
    serverTime,
  } = options;
  const reconnecting = createReconnectingClient({ url, clock: localClock, timeoutMs, retryDelayMs });
  const clock = createServerClock(localClock);
  let isDown = false;
  let isClosed = false;

  const markUnavailable = (thrown: unknown): RedisUnavailable => {
    const reason = formatReason(thrown);
    if (!isDown && !isClosed) onUnavailable?.(reason);
    isDown = true;
    return new RedisUnavailable(reason);
  };

  const send: RedisConnection['send'] = async (command) => {
    const client = await reconnecting.getClient().catch((thrown) => {
      throw markUnavailable(thrown);
    });
    try {
      const result = await withTimeout(command(client.redis), timeoutMs, `no answer within ${timeoutMs} ms`);
      if (isDown) onAvailable?.();
      isDown = false;
      return result;
    } catch (thrown) {
      const reason = formatReason(thrown);
      // A node of a cluster sends whoever asks to another one, which only a client that knows them all can follow.
      if (/^MOVED /.test(reason) && reconnecting.switchToCluster(client)) return send(command);
      reconnecting.discard(client, reason);
      throw markUnavailable(thrown);
    }
  };

  return {
    host: formatRedisAddress(url),
    clock,
    isUnavailable: () => isDown,
    send,
    runScript(script, key, args = {}, ...texts) {
      const json = JSON.stringify({ ...args, ...(serverTime && { now: serverTime() }) });
      return send(async (client) => {
        const sentAt = localClock.now();
        const command = Reflect.get(client, script) as (...parts: string[]) => Promise<[number, string?, number?]>;
        const [now, text, doneFlag] = await command.call(client, key, json, ...texts);
        clock.observe(now, sentAt, localClock.now());
        return { ...(typeof text === 'string' && { text }), isDone: doneFlag === 1 };
      });
    },
    close() {
      isClosed = true;
      reconnecting.close();
    },
  };
}

function formatReason(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ').trim();
}
