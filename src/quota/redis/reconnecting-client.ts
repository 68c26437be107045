import type { Clock } from '../../driver/clock.js';
import { withTimeout } from '../../util/with-timeout.js';
import { openRedisClient, type RedisClient } from './client.js';

/** The options of `createReconnectingClient`. */
export interface ReconnectingClientOptions {
  url: string;
  clock: Clock;
  /** How long `getClient` waits for the first connection. */
  timeoutMs: number;
  /** Pause before the first reconnection. */
  retryDelayMs: number;
}

/**
 * Time limit of a connection attempt. It is long, because TLS takes several round trips to a distant server. Callers
 * wait only `timeoutMs`.
 */
const connectTimeoutMs = 10_000;
const maxRetryDelayMs = 30_000;
/**
 * A connection that lasted longer than this was probably lost to a server restart or an idle timeout, so the delay
 * starts at its initial value again.
 */
const stableConnectionMs = 60_000;

/** Connects to Redis. When the connection is lost, reconnects in the background, with growing delays. */
export function createReconnectingClient({ url, clock, timeoutMs, retryDelayMs }: ReconnectingClientOptions) {
  const backoff = createBackoff(clock, retryDelayMs, () => connect());
  let client: RedisClient | undefined;
  let connecting: Promise<void> | undefined;
  let waitsForConnection = true;
  let [isCluster, isClosed] = [false, false];
  let reason = 'not connected';

  const connect = (): void => {
    connecting = openRedisClient({ url, isCluster, connectTimeoutMs, onLost: discard }).then(
      (opened) => {
        backoff.recordSuccess();
        if (isClosed) opened.close();
        else client = opened;
      },
      (thrown) => markDisconnected(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  };
  const markDisconnected = (cause: string): void => {
    [client, connecting, reason, waitsForConnection] = [undefined, undefined, cause, false];
    backoff.scheduleRetry();
  };
  /** Closes a client that failed, and schedules a reconnection. */
  const discard = (failedClient: RedisClient, cause = 'connection lost'): void => {
    if (failedClient !== client) return;
    failedClient.close();
    markDisconnected(cause);
  };

  connect();
  return {
    discard,
    /**
     * Resolves to the connected client; rejects with the reason if there is none. Waits up to `timeoutMs`, but only for
     * the first connection, and for the first one after `switchToCluster`. Once a wait has timed out, later calls do
     * not wait.
     */
    async getClient(): Promise<RedisClient> {
      if (!client && connecting && waitsForConnection) {
        await withTimeout(connecting, timeoutMs, `no connection within ${timeoutMs} ms`).catch((error: Error) => {
          [waitsForConnection, reason] = [false, error.message];
        });
      }
      if (!client) throw new Error(reason);
      return client;
    },
    /** Reconnects as a cluster client. @returns false if `failedClient` is a cluster client already */
    switchToCluster(failedClient: RedisClient): boolean {
      if (failedClient === client && !failedClient.isCluster) {
        failedClient.close();
        [client, isCluster, waitsForConnection] = [undefined, true, true];
        connect();
      }
      return !failedClient.isCluster;
    },
    close() {
      backoff.stop();
      client?.close();
      [client, reason, isClosed] = [undefined, 'closed', true];
    },
  };
}

/**
 * Schedules calls of `connect`. The delay doubles each time, and starts at `initialDelayMs` again after a stable
 * connection (see `stableConnectionMs`). The timer does not keep the process alive.
 */
function createBackoff(clock: Clock, initialDelayMs: number, connect: () => void) {
  let delayMs = initialDelayMs;
  let succeededAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  return {
    recordSuccess() {
      succeededAt = clock.now();
    },
    scheduleRetry() {
      clearTimeout(timer);
      if (isStopped) return;
      if (succeededAt !== undefined && clock.now() - succeededAt > stableConnectionMs) delayMs = initialDelayMs;
      succeededAt = undefined;
      timer = setTimeout(connect, delayMs);
      timer.unref();
      delayMs = Math.min(maxRetryDelayMs, delayMs * 2);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
