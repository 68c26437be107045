import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createSerialQueue, type SerialQueue } from '../../util/serial-queue.js';
import { type ModelState, parseModelState, serializeModelState } from '../limiter/model-state.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';

/** The options of `createRedisQuotaStore`. */
export interface RedisStoreOptions {
  connection: RedisConnection;
  /** Prefix of all keys. Default `boticelli:quota:`. */
  prefix?: string;
}

/** A store shared by several machines. Its methods reject with `RedisUnavailable` while Redis is down. */
export interface RedisQuotaStore extends QuotaStore {
  /** Returns the name under which Redis stores a key's state. The part in braces selects the node of a cluster. */
  redisKey(key: string): string;
}

/** A state expires if nobody writes it for this long, in milliseconds. */
export const expiryMs = 30 * 86_400_000;

/** The maximum attempts of a transaction. Each concurrent write makes one more attempt necessary. */
const maxAttempts = 50;

/**
 * Stores model states in Redis as JSON. A transaction is optimistic: this process reads and changes a state, and writes
 * it only if nobody else has written it meanwhile. Otherwise the process starts again with the new state. The frequent
 * operations (reserve, confirm, cancel) are Lua scripts instead (see scripts.ts).
 */
export function createRedisQuotaStore({ connection, prefix = 'boticelli:quota:' }: RedisStoreOptions): RedisQuotaStore {
  const redisKey = (key: string) => `${prefix}{${key}}`;
  // Names a Redis set of the keys of all states. Without it, SCAN would have to visit every key of a Redis that may be
  // full of other data. In stored names, a page is the state of a model.
  const indexKey = `${prefix}pages`;
  const indexedKeys = new Set<string>();
  const queues = new Map<string, SerialQueue>();

  const addToIndex = async (key: string): Promise<void> => {
    indexedKeys.add(key);
    await connection.runScript('boticelliAddStateKey', indexKey, { member: key, expiryMs });
  };

  /** Runs the work of each key in order, so that transactions of one process do not compete with each other. */
  const runInOrder = <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const queue = queues.get(key) ?? createSerialQueue();
    queues.set(key, queue);
    return queue.enqueue(work);
  };

  return {
    redisKey,
    transact: (key, change) =>
      runInOrder(key, async () => {
        const reading = connection.runScript('boticelliRead', redisKey(key));
        let [{ text }] = await Promise.all([reading, indexedKeys.has(key) || addToIndex(key)]);
        for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
          const state = parseModelState(text);
          const before = serializeModelState(state);
          const result = change(state);
          const after = serializeModelState(state);
          if (after === before) return result;
          // If the state is missing, Redis may have lost everything, including the index.
          if (text === undefined) await addToIndex(key);
          const digest = text === undefined ? '' : createHash('sha1').update(text).digest('hex');
          const response = await connection.runScript('boticelliReplace', redisKey(key), { digest, expiryMs }, after);
          if (response.hasReplaced) return result;
          text = response.text;
          if (attempts === 0) continue;
          // A random delay that grows with the attempts lets other writers finish.
          await delay(Math.random() * Math.min(50, 2 ** attempts));
          text = (await connection.runScript('boticelliRead', redisKey(key))).text;
        }
        throw new RedisUnavailable('too many concurrent writes');
      }),
    read: (key) => readState(connection, redisKey(key)),
    async readAll() {
      const keys = await connection.send((client) => client.smembers(indexKey));
      const states = await Promise.all(keys.map((key) => readState(connection, redisKey(key))));
      return new Map(keys.flatMap((key, index) => (states[index] ? [[key, states[index]]] : [])));
    },
    async remove(key) {
      await connection.send((client) => client.del(redisKey(key)));
    },
  };
}

async function readState(connection: RedisConnection, redisKey: string): Promise<ModelState | undefined> {
  const { text } = await connection.runScript('boticelliRead', redisKey);
  return text === undefined ? undefined : parseModelState(text);
}
