import type { Cluster, Redis } from 'ioredis';
import { redisAddress } from './address.js';
import { redisScripts } from './scripts.js';

/** A connection that is there, until it is lost. */
export interface RedisClient {
  /** Has our scripts as methods. */
  commands: Redis | Cluster;
  isCluster: boolean;
  close(): void;
}

export interface OpenRedisOptions {
  url: string;
  /** Whether it is a node of a cluster. */
  isCluster: boolean;
  /** How long connecting may take. */
  connectMs: number;
  /** Called once, when the connection ends by itself. */
  onLost: (lost: RedisClient) => void;
}

/**
 * Loads ioredis, connects, and resolves when commands can be sent. Nothing is tried again, and nothing is kept for later:
 * whoever asks goes on without Redis meanwhile.
 */
export async function openRedis({ url, isCluster, connectMs, onLost }: OpenRedisOptions): Promise<RedisClient> {
  const { host, port, ...access } = redisAddress(url);
  // Bundled, this module of the older kind has its default alone.
  const {
    default: { Cluster, Redis },
  } = await import('ioredis');
  const each = {
    ...{ ...access, connectTimeout: connectMs, retryStrategy: null, maxRetriesPerRequest: 0 },
    // Each saves a turn, or reads a file, before the first command can be sent.
    ...{ lazyConnect: true, enableOfflineQueue: false, enableReadyCheck: false, disableClientInfo: true },
  };
  const commands = isCluster
    ? new Cluster([{ host, port }], {
        ...{ redisOptions: each, lazyConnect: true, clusterRetryStrategy: () => null, enableReadyCheck: false },
        // With TLS a node's name must stay a name, for its certificate is of that (AWS announces them so).
        ...(access.tls && { dnsLookup: (address, found) => found(null, address) }),
      })
    : new Redis({ host, port, ...each });
  for (const [name, lua] of Object.entries(redisScripts)) commands.defineCommand(name, { numberOfKeys: 1, lua });
  const client: RedisClient = { commands, isCluster, close: () => commands.disconnect() };
  let failure: unknown;
  // Without a listener an error ends the process. The last one says more than that the connection was closed.
  commands.on('error', (error: unknown) => {
    failure = error;
  });
  let isReady = false;
  commands.on('end', () => isReady && onLost(client));
  try {
    await commands.connect();
    // A password is sent along, and what it is answered comes after `connect()` has resolved.
    if (access.password !== undefined) await commands.ping();
  } catch (thrown) {
    commands.disconnect();
    throw failure ?? thrown;
  }
  isReady = true;
  return client;
}
