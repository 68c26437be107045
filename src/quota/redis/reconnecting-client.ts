import type { Clock } from '../../driver/clock.js';
import { withTimeout } from '../../util/with-timeout.js';
import { openRedisClient, type RedisClient } from './client.js';

export interface ReconnectingClientOptions {
  url: string;
  clock: Clock;
  /** How long to wait for a connection before going on without. */
  timeoutMs: number;
  /** How long Redis is left alone after it failed, to begin with. */
  retryDelayMs: number;
}

/** A client that comes back when it was lost. */
export interface ReconnectingClient {
  /**
   * Resolves to the client. Rejects with the reason where there is none, at once unless it is being connected for the
   * first time: whoever waited once in vain does not wait again.
   */
  getClient(): Promise<RedisClient>;
  /** Gives a client up that is of no use. Another one is made in the background. */
  discard(client: RedisClient, reason: string): void;
  /** Connects anew, as to a cluster, where the client is not of that kind; else false. */
  switchToCluster(client: RedisClient): boolean;
  close(): void;
}

/** How long an attempt to connect may take, for nobody waits for it: a server far away needs a few turns for TLS. */
const connectTimeoutMs = 10_000;
const maxRetryDelayMs = 30_000;
/** What served so long and is lost is most likely a server that was started again, or an idle connection that it closed. */
const stableConnectionMs = 60_000;

/** Connects to a Redis, and again whenever the connection is lost, ever less often while it fails. */
export function createReconnectingClient({
  url,
  clock,
  timeoutMs,
  retryDelayMs,
}: ReconnectingClientOptions): ReconnectingClient {
  const backoff = createBackoff({ clock, initialDelayMs: retryDelayMs, connect: () => connect() });
  let client: RedisClient | undefined;
  let connecting: Promise<void> | undefined;
  let canWait = true;
  let isCluster = false;
  let reason = 'not connected';

  const connect = (): void => {
    const onLost = (lostClient: RedisClient) => discard(lostClient, 'connection lost');
    connecting = openRedisClient({ url, isCluster, connectTimeoutMs, onLost }).then(
      (opened) => {
        if (backoff.recordSuccess()) client = opened;
        else opened.close();
      },
      (thrown) => markDisconnected(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  };
  const markDisconnected = (cause: string): void => {
    [client, connecting, reason, canWait] = [undefined, undefined, cause, false];
    backoff.scheduleRetry();
  };
  const discard = (failedClient: RedisClient, cause: string): void => {
    if (failedClient !== client) return;
    failedClient.close();
    markDisconnected(cause);
  };

  connect();
  return {
    discard,
    async getClient() {
      if (!client && connecting && canWait) {
        await withTimeout(connecting, timeoutMs, `no connection within ${timeoutMs} ms`).catch(
          (timeoutError: Error) => {
            [canWait, reason] = [false, timeoutError.message];
          },
        );
      }
      if (!client) throw new Error(reason);
      return client;
    },
    switchToCluster(failedClient) {
      if (failedClient === client && !failedClient.isCluster) {
        failedClient.close();
        [client, isCluster, canWait] = [undefined, true, true];
        connect();
      }
      return !failedClient.isCluster;
    },
    close() {
      backoff.stop();
      client?.close();
      [client, reason] = [undefined, 'closed'];
    },
  };
}

interface BackoffOptions {
  clock: Clock;
  initialDelayMs: number;
  connect: () => void;
}

/** Does it again after a pause that doubles each time, until it worked for long. No process is kept alive for it. */
function createBackoff({ clock, initialDelayMs, connect }: BackoffOptions) {
  let delayMs = initialDelayMs;
  let succeededAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  return {
    /** To be called when it worked. Returns whether that is still wanted. */
    recordSuccess(): boolean {
      succeededAt = clock.now();
      return !isStopped;
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
