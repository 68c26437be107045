import type { Cluster, Redis } from 'ioredis';
import { parseRedisAddress } from './redis-address.js';
import { redisScripts } from './scripts.js';

/** A connection that is there, until it is lost. */
export interface RedisClient {
  /** Has our scripts as methods. */
  redis: Redis | Cluster;
  isCluster: boolean;
  close(): void;
}

export interface OpenRedisOptions {
  url: string;
  /** Whether it is a node of a cluster. */
  isCluster: boolean;
  /** How long connecting may take. */
  connectTimeoutMs: number;
  /** Called once, when the connection ends by itself. */
  onLost: (client: RedisClient) => void;
}

/**
 * Loads ioredis, connects, and resolves when commands can be sent. Nothing is tried again, and nothing is kept for later:
 * whoever asks goes on without Redis meanwhile.
 */
export async function openRedisClient({
  url,
  isCluster,
  connectTimeoutMs,
  onLost,
}: OpenRedisOptions): Promise<RedisClient> {
  const { host, port, ...credentials } = parseRedisAddress(url);
  // Bundled, this module of the older kind has its default alone.
  const {
    default: { Cluster, Redis },
  } = await import('ioredis');
  const commonOptions = {
    ...{ ...credentials, connectTimeout: connectTimeoutMs, retryStrategy: null, maxRetriesPerRequest: 0 },
    // Each saves a turn, or reads a file, before the first command can be sent.
    ...{ lazyConnect: true, enableOfflineQueue: false, enableReadyCheck: false, disableClientInfo: true },
  };
  const redis = isCluster
    ? new Cluster([{ host, port }], {
        ...{
          redisOptions: commonOptions,
          lazyConnect: true,
          clusterRetryStrategy: () => null,
          enableReadyCheck: false,
        },
        // With TLS a node's name must stay a name, for its certificate is of that (AWS announces them so).
        ...(credentials.tls && { dnsLookup: (address, callback) => callback(null, address) }),
      })
    : new Redis({ host, port, ...commonOptions });
  for (const [name, lua] of Object.entries(redisScripts)) redis.defineCommand(name, { numberOfKeys: 1, lua });
  const client: RedisClient = { redis, isCluster, close: () => redis.disconnect() };
  let lastError: unknown;
  // Without a listener an error ends the process. The last one says more than that the connection was closed.
  redis.on('error', (error: unknown) => {
    lastError = error;
  });
  let isReady = false;
  redis.on('end', () => isReady && onLost(client));
  try {
    await redis.connect();
    // A password is sent along, and what it is answered comes after `connect()` has resolved.
    if (credentials.password !== undefined) await redis.ping();
  } catch (thrown) {
    redis.disconnect();
    throw lastError ?? thrown;
  }
  isReady = true;
  return client;
}
