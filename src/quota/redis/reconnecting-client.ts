import type { Clock } from '../../driver/clock.js';
import { inTime } from '../../util/with-timeout.js';
import { openRedis, type RedisClient } from './client.js';

export interface RedisLinkOptions {
  url: string;
  clock: Clock;
  /** How long to wait for a connection before going on without. */
  patienceMs: number;
  /** How long Redis is left alone after it failed, to begin with. */
  retryMs: number;
}

/** A client that comes back when it was lost. */
export interface RedisLink {
  /**
   * Resolves to the client. Rejects with the reason where there is none, at once unless it is being connected for the
   * first time: whoever waited once in vain does not wait again.
   */
  client(): Promise<RedisClient>;
  /** Gives a client up that is of no use. Another one is made in the background. */
  giveUp(client: RedisClient, reason: string): void;
  /** Connects anew, as to a cluster, where the client is not of that kind; else false. */
  becomeCluster(client: RedisClient): boolean;
  close(): void;
}

/** How long an attempt to connect may take, for nobody waits for it: a server far away needs a few turns for TLS. */
const connectMs = 10_000;
const longestRetryMs = 30_000;
/** What served so long and is lost is most likely a server that was started again, or an idle connection that it closed. */
const steadyMs = 60_000;

/** Connects to a Redis, and again whenever the connection is lost, ever less often while it fails. */
export function createRedisLink({ url, clock, patienceMs, retryMs }: RedisLinkOptions): RedisLink {
  const retry = retrying({ clock, firstMs: retryMs, work: () => connect() });
  let client: RedisClient | undefined;
  let connecting: Promise<void> | undefined;
  let mayBeWaitedFor = true;
  let isCluster = false;
  let reason = 'not connected';

  const connect = (): void => {
    const onLost = (lost: RedisClient) => giveUp(lost, 'connection lost');
    connecting = openRedis({ url, isCluster, connectMs, onLost }).then(
      (opened) => {
        if (retry.hasWorked()) client = opened;
        else opened.close();
      },
      (thrown) => missing(thrown instanceof Error ? thrown.message : String(thrown)),
    );
  };
  const missing = (why: string): void => {
    [client, connecting, reason, mayBeWaitedFor] = [undefined, undefined, why, false];
    retry.later();
  };
  const giveUp = (given: RedisClient, why: string): void => {
    if (given !== client) return;
    given.close();
    missing(why);
  };

  connect();
  return {
    giveUp,
    async client() {
      if (!client && connecting && mayBeWaitedFor) {
        await inTime(connecting, patienceMs, `no connection within ${patienceMs} ms`).catch((late: Error) => {
          [mayBeWaitedFor, reason] = [false, late.message];
        });
      }
      if (!client) throw new Error(reason);
      return client;
    },
    becomeCluster(given) {
      if (given === client && !given.isCluster) {
        given.close();
        [client, isCluster, mayBeWaitedFor] = [undefined, true, true];
        connect();
      }
      return !given.isCluster;
    },
    close() {
      retry.stop();
      client?.close();
      [client, reason] = [undefined, 'closed'];
    },
  };
}

interface Retrying {
  clock: Clock;
  firstMs: number;
  work: () => void;
}

/** Does it again after a pause that doubles each time, until it worked for long. No process is kept alive for it. */
function retrying({ clock, firstMs, work }: Retrying) {
  let pauseMs = firstMs;
  let workedAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  return {
    /** To be called when it worked. Returns whether that is still wanted. */
    hasWorked(): boolean {
      workedAt = clock.now();
      return !isStopped;
    },
    later() {
      clearTimeout(timer);
      if (isStopped) return;
      if (workedAt !== undefined && clock.now() - workedAt > steadyMs) pauseMs = firstMs;
      workedAt = undefined;
      timer = setTimeout(work, pauseMs);
      timer.unref();
      pauseMs = Math.min(longestRetryMs, pauseMs * 2);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
