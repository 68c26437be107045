import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseModelState } from '../limiter/model-state.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type RedisConnection, RedisUnavailable } from './connection.js';

export interface RedisStoreOptions {
  connection: RedisConnection;
  /** What all keys begin with. Default `boticelli:quota:`. */
  prefix?: string;
}

/** A keeper of pages that machines share. Everything it does rejects with RedisAway where Redis can't be asked. */
export interface RedisQuotaStore extends QuotaStore {
  /** What a page's key is called in Redis. The braces make it one hash slot of a cluster. */
  redisKey(key: string): string;
  expiryMs: number;
}

/** A page that nobody wrote on for so long is forgotten. */
const expiryMs = 30 * 86_400_000;

/** As often as somebody else may come in between, which costs a turn to the server each time. */
const maxAttempts = 50;

/**
 * Keeps pages in Redis, as JSON: a change is made here, on what was read, and written where nobody wrote in between; else
 * it is made again on what is there now. Booking, confirming and giving up, which many do at once, are scripts (see
 * redis-book.ts).
 */
export function createRedisQuotaStore({ connection, prefix = 'boticelli:quota:' }: RedisStoreOptions): RedisQuotaStore {
  const redisKey = (key: string) => `${prefix}{${key}}`;
  // Whose keys could be told by looking at all there are in Redis; it may be full of others'.
  const indexKey = `${prefix}pages`;
  const indexedKeys = new Set<string>();
  const runInOrder = createKeyedQueue();

  const addToIndex = async (key: string): Promise<void> => {
    indexedKeys.add(key);
    await connection.runScript('boticelliList', indexKey, { member: key, expiryMs });
  };

  /** The text of a page after a moment, ever longer: whoever steps back lets the others finish, and they him. */
  const readAfterBackoff = async (stateKey: string, attempts: number): Promise<string | undefined> => {
    await delay(Math.random() * Math.min(50, 2 ** attempts));
    return (await connection.runScript('boticelliRead', stateKey)).text;
  };

  return {
    redisKey,
    expiryMs,
    transact: (key, change) =>
      runInOrder(key, async () => {
        const reading = connection.runScript('boticelliRead', redisKey(key));
        let [{ text }] = await Promise.all([reading, indexedKeys.has(key) || addToIndex(key)]);
        for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
          const state = parseModelState(text);
          const before = JSON.stringify(state);
          const result = change(state);
          const after = JSON.stringify(state);
          if (after === before) return result;
          // Where there is none it may be that all was lost, and the list too.
          if (text === undefined) await addToIndex(key);
          const args = { digest: text === undefined ? '' : hashText(text), expiryMs };
          const response = await connection.runScript('boticelliReplace', redisKey(key), args, after);
          if (response.isDone) return result;
          text = attempts > 0 ? await readAfterBackoff(redisKey(key), attempts) : response.text;
        }
        throw new RedisUnavailable('too many others write at once');
      }),
    async readAll() {
      const keys = await connection.send((client) => client.smembers(indexKey));
      const texts = await Promise.all(keys.map((key) => connection.runScript('boticelliRead', redisKey(key))));
      return new Map(
        keys.flatMap((key, index) =>
          texts[index]?.text === undefined ? [] : [[key, parseModelState(texts[index].text)]],
        ),
      );
    },
    async remove(key) {
      await connection.send((client) => client.del(redisKey(key)));
    },
  };
}

function hashText(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** Does one thing after another for each key, so that nobody in this process comes in between another's change. */
function createKeyedQueue() {
  const tails = new Map<string, Promise<unknown>>();
  return <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const result = (tails.get(key) ?? Promise.resolve()).then(work);
    const settled = result.catch(() => {});
    tails.set(key, settled);
    return result;
  };
}
