import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { root } from '../helpers/boticelli.js';
import { moveTimes } from './old-state.js';

/** The keys of a Redis, with their values and remaining lifetimes. */
export interface RedisDump {
  /** When it was filled, in milliseconds since the epoch. */
  writtenAt: number;
  keys: Record<string, { type: string; value: string | string[]; ttlMs: number }>;
}

/** The keys that version 0.1 left in Redis. */
export const oldRedis: RedisDump = JSON.parse(readFileSync(join(root, 'test/fixtures/version-0.1/redis.json'), 'utf8'));

/** Fills a Redis as if version 0.1 had done so a moment ago. */
export async function fillRedis(url: string): Promise<void> {
  const ageMs = Date.now() - oldRedis.writtenAt;
  await withRedis(url, async (client) => {
    for (const [key, { type, value, ttlMs }] of Object.entries(oldRedis.keys)) {
      if (type === 'set') await client.sadd(key, ...value);
      else await client.set(key, moveTimes(String(value), ageMs));
      await client.pexpire(key, ttlMs);
    }
  });
}

/** Reads all keys of a Redis. */
export function dumpRedis(url: string): Promise<RedisDump['keys']> {
  return withRedis(url, async (client) => {
    const keys: RedisDump['keys'] = {};
    for (const key of await client.keys('*')) {
      const type = await client.type(key);
      const value = type === 'set' ? await client.smembers(key) : ((await client.get(key)) ?? '');
      keys[key] = { type, value, ttlMs: await client.pttl(key) };
    }
    return keys;
  });
}

async function withRedis<Result>(url: string, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}
