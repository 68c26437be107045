import type { Cluster, Redis } from 'ioredis';
import { redisScripts } from './scripts.js';

/** An open connection to Redis. It is not reopened when it is lost. */
export interface RedisClient {
  /** The ioredis client. Our scripts are its methods. */
  redis: Redis | Cluster;
  isCluster: boolean;
  close(): void;
}

/** The options of `openRedisClient`. */
export interface OpenRedisOptions {
  url: string;
  /** Whether the server is a node of a cluster. */
  isCluster: boolean;
  connectTimeoutMs: number;
  /** Called once, when the connection is lost or closed. */
  onLost: (client: RedisClient) => void;
}

/**
 * Loads ioredis, connects, and resolves when commands can be sent. ioredis is configured not to retry or queue
 * commands, because callers use the local store while Redis is down.
 */
export async function openRedisClient(options: OpenRedisOptions): Promise<RedisClient> {
  const { isCluster, onLost } = options;
  const { host, port, ...credentials } = parseRedisUrl(options.url);
  // In the bundle, this CommonJS module has only its default export.
  const { Cluster, Redis } = (await import('ioredis')).default;
  const commonOptions = {
    ...{ ...credentials, connectTimeout: options.connectTimeoutMs, retryStrategy: null, maxRetriesPerRequest: 0 },
    // Skipping the ready check and the client info saves a round trip and a file read before the first command.
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
        // A cluster may announce its nodes by host name, as AWS does. With TLS, the name is not replaced by its IP
        // address, because the certificate is for the name.
        ...(credentials.tls && { dnsLookup: (address, callback) => callback(null, address) }),
      })
    : new Redis({ host, port, ...commonOptions });
  for (const [name, lua] of Object.entries(redisScripts)) redis.defineCommand(name, { numberOfKeys: 1, lua });
  const client: RedisClient = { redis, isCluster, close: () => redis.disconnect() };
  let lastError: unknown;
  // Without a listener, an error would end the process. `connect()` rejects only with "Connection is closed", so the
  // error of the event is thrown instead.
  redis.on('error', (error: unknown) => {
    lastError = error;
  });
  let isReady = false;
  redis.on('end', () => isReady && onLost(client));
  try {
    await redis.connect();
    // `connect()` does not wait for the response to AUTH. After a wrong password, this command fails.
    if (credentials.password !== undefined) await redis.ping();
  } catch (thrown) {
    redis.disconnect();
    throw lastError ?? thrown;
  }
  isReady = true;
  return client;
}

/** Parses a redis:// or rediss:// URL. The query is ignored, so that a URL cannot set options of ioredis. */
export function parseRedisUrl(url: string) {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const db = Number(pathname.slice(1));
  // TLS sends the server's name (SNI) only if it is a host name, not an IP address (RFC 6066, section 3).
  const isIpAddress = /^[\d.]+$|:/.test(host);
  return {
    host,
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db > 0 && { db }),
    ...(protocol === 'rediss:' && { tls: isIpAddress ? {} : { servername: host } }),
  };
}
