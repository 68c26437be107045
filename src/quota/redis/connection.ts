import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../driver/clock.js';
import { withTimeout } from '../../util/with-timeout.js';
import { createReconnectingClient } from './reconnecting-client.js';
import type { RedisScript } from './scripts.js';

/** Redis can't be reached, rejects the command or is too slow. The message is the reason, on one line. */
export class RedisUnavailable extends Error {
  override name = 'RedisUnavailable';
}

/**
 * Access to a Redis server. It outlives a lost connection, because it reconnects. While the server is down, calls
 * quickly reject with `RedisUnavailable`.
 */
export interface RedisConnection {
  /** Host and port, the only parts of the URL that are ever shown. */
  host: string;
  /** The server's clock, estimated from its responses. */
  clock: ServerClock;
  /** Whether the last call failed. */
  isUnavailable(): boolean;
  /**
   * Runs a script on one key, with JSON arguments and additional strings.
   * @returns `text`: the string that the script returned, if any; `hasReplaced`: true if the script `boticelliReplace`
   *   wrote its value, false if the stored value had changed in the meantime. Always false for other scripts.
   * @throws RedisUnavailable
   */
  runScript(
    script: RedisScript,
    key: string,
    args?: object,
    ...texts: string[]
  ): Promise<{ text: string | undefined; hasReplaced: boolean }>;
  /** Sends any other command. @throws RedisUnavailable */
  send<Result>(command: (client: Redis | Cluster) => Promise<Result>): Promise<Result>;
  close(): void;
}

/** The options of `connectRedis`. */
export interface RedisConnectionOptions {
  /** redis://[user:password@]host[:port][/database], or rediss:// for TLS. */
  url: string;
  /** The local clock. */
  clock: Clock;
  /** Time limit of a command, and of the wait for the first connection. Default 250 ms. */
  timeoutMs?: number;
  /** Pause before the first reconnection, doubled with each further one. Default 2 s. */
  retryDelayMs?: number;
  /** Called with the reason when Redis becomes unavailable. */
  onUnavailable?: (reason: string) => void;
  /** Called when Redis is available again. */
  onAvailable?: () => void;
  /** Replaces the server's time in tests. */
  serverTime?: () => number;
}

/** Starts to connect to Redis in the background, and reconnects when the connection is lost. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, clock: localClock, serverTime } = options;
  const { send, isUnavailable, close } = createCommandSender(options);
  const clock = createServerClock(localClock);
  return {
    host: formatRedisHost(url),
    clock,
    isUnavailable,
    send,
    runScript(script, key, args = {}, ...texts) {
      const json = JSON.stringify({ ...args, ...(serverTime && { now: serverTime() }) });
      return send(async (client) => {
        const sentAt = localClock.now();
        const command = Reflect.get(client, script) as (
          ...parts: string[]
        ) => Promise<[number, (string | null)?, number?]>;
        const [now, text, replacedFlag] = await command.call(client, key, json, ...texts);
        clock.observe(now, sentAt, localClock.now());
        return { text: text ?? undefined, hasReplaced: replacedFlag === 1 };
      });
    },
    close,
  };
}

/** Sends commands with a time limit, and reports when Redis becomes unavailable or available. */
function createCommandSender({
  url,
  clock,
  timeoutMs = 250,
  retryDelayMs = 2000,
  onUnavailable,
  onAvailable,
}: RedisConnectionOptions): Pick<RedisConnection, 'send' | 'isUnavailable' | 'close'> {
  const reconnecting = createReconnectingClient({ url, clock, timeoutMs, retryDelayMs });
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
      const result = await withTimeout(command(client.redis), timeoutMs, `no response within ${timeoutMs} ms`);
      if (isDown) onAvailable?.();
      isDown = false;
      return result;
    } catch (thrown) {
      const reason = formatReason(thrown);
      // With MOVED, a cluster's node redirects to another node. Only a cluster client can follow that.
      if (/^MOVED /.test(reason) && reconnecting.switchToCluster(client)) return send(command);
      reconnecting.discard(client, reason);
      throw markUnavailable(thrown);
    }
  };
  return {
    send,
    isUnavailable: () => isDown,
    close() {
      isClosed = true;
      reconnecting.close();
    },
  };
}

function formatReason(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ').trim();
}

/** Returns `host:port` of a Redis URL, for display: no credentials. */
export function formatRedisHost(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || '127.0.0.1'}:${port || 6379}`;
}

/** An estimate of a server's clock, with conversions to and from the local clock. */
interface ServerClock extends Clock {
  /** Records a time that the server returned, with this machine's times of the request and of its response. */
  observe(serverTime: number, sentAt: number, receivedAt: number): void;
  /** Converts a time of the server's clock to a time of this machine's clock. */
  toLocal(at: number): number;
  /** Converts a time of this machine's clock to a time of the server's clock. */
  toServer(at: number): number;
}

/**
 * Estimates how far a server's clock is ahead of the local one. The server reads its clock between the request and the
 * response, so each response bounds the difference. The estimate uses the intersection of all bounds. If the bounds
 * contradict each other, a clock was set, and only the latest bounds are used. The server decides by its own clock what
 * may be sent, so an error of some milliseconds costs only one more command to Redis, or a wait that is longer by the
 * error.
 */
function createServerClock(clock: Clock): ServerClock {
  let minAheadMs = Number.NEGATIVE_INFINITY;
  let maxAheadMs = Number.POSITIVE_INFINITY;
  const estimateAheadMs = () => (Number.isFinite(minAheadMs) ? Math.round((minAheadMs + maxAheadMs) / 2) : 0);
  return {
    observe(serverTime, sentAt, receivedAt) {
      // Both clocks round down to milliseconds, so each bound is 1 ms wider.
      const bounds = [serverTime - receivedAt - 1, serverTime - sentAt + 1] as const;
      const isContradiction = bounds[0] > maxAheadMs || bounds[1] < minAheadMs;
      minAheadMs = isContradiction ? bounds[0] : Math.max(minAheadMs, bounds[0]);
      maxAheadMs = isContradiction ? bounds[1] : Math.min(maxAheadMs, bounds[1]);
    },
    toLocal: (at) => at - estimateAheadMs(),
    toServer: (at) => at + estimateAheadMs(),
    now: () => clock.now() + estimateAheadMs(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
  };
}
