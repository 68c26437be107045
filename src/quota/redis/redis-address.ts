/** What a client needs to know of a Redis, taken apart. */
export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  /** Present where it is spoken to through TLS: the name that its certificate must bear. */
  tls?: { servername?: string };
}

/**
 * Takes a redis:// or rediss:// address apart: user, password, host, port, and the number of the database. What may stand
 * behind a `?` is not heeded: ioredis would take it for options of its own.
 */
export function parseRedisAddress(url: string): RedisAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const db = Number(pathname.slice(1));
  // The name is not sent for an address of digits (RFC 6066, 3).
  const isNumeric = /^[\d.]+$|:/.test(host);
  return {
    host,
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db > 0 && { db }),
    ...(protocol === 'rediss:' && { tls: isNumeric ? {} : { servername: host } }),
  };
}

/** Host and port: all of the address that is ever shown. */
export function formatRedisAddress(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || '127.0.0.1'}:${port || 6379}`;
}
