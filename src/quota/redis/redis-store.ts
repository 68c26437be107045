import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pageOf } from '../limiter/model-state.js';
import type { Keeper } from '../stores/quota-store.js';
import { RedisAway, type RedisConnection } from './connection.js';

export interface RedisKeeperOptions {
  connection: RedisConnection;
  /** What all keys begin with. Default `boticelli:quota:`. */
  prefix?: string;
}

/** A keeper of pages that machines share. Everything it does rejects with RedisAway where Redis can't be asked. */
export interface RedisKeeper extends Keeper {
  /** What a page's key is called in Redis. The braces make it one hash slot of a cluster. */
  redisKey(key: string): string;
  expiryMs: number;
}

/** A page that nobody wrote on for so long is forgotten. */
const expiryMs = 30 * 86_400_000;

/** As often as somebody else may come in between, which costs a turn to the server each time. */
const mostTries = 50;

/**
 * Keeps pages in Redis, as JSON: a change is made here, on what was read, and written where nobody wrote in between; else
 * it is made again on what is there now. Booking, confirming and giving up, which many do at once, are scripts (see
 * redis-book.ts).
 */
export function createRedisKeeper({ connection, prefix = 'boticelli:quota:' }: RedisKeeperOptions): RedisKeeper {
  const redisKey = (key: string) => `${prefix}{${key}}`;
  // Whose keys could be told by looking at all there are in Redis; it may be full of others'.
  const index = `${prefix}pages`;
  const listed = new Set<string>();
  const inTurn = takingTurns();

  const list = async (key: string): Promise<void> => {
    listed.add(key);
    await connection.run('boticelliList', index, { member: key, expiryMs });
  };

  /** The text of a page after a moment, ever longer: whoever steps back lets the others finish, and they him. */
  const later = async (name: string, tries: number): Promise<string | undefined> => {
    await delay(Math.random() * Math.min(50, 2 ** tries));
    return (await connection.run('boticelliRead', name)).text;
  };

  return {
    redisKey,
    expiryMs,
    transact: (key, change) =>
      inTurn(key, async () => {
        const reading = connection.run('boticelliRead', redisKey(key));
        let [{ text }] = await Promise.all([reading, listed.has(key) || list(key)]);
        for (let tries = 0; tries < mostTries; tries += 1) {
          const page = pageOf(text);
          const before = JSON.stringify(page);
          const result = change(page);
          const after = JSON.stringify(page);
          if (after === before) return result;
          // Where there is none it may be that all was lost, and the list too.
          if (text === undefined) await list(key);
          const args = { digest: text === undefined ? '' : digestOf(text), expiryMs };
          const answer = await connection.run('boticelliReplace', redisKey(key), args, after);
          if (answer.isDone) return result;
          text = tries > 0 ? await later(redisKey(key), tries) : answer.text;
        }
        throw new RedisAway('too many others write at once');
      }),
    async pages() {
      const keys = await connection.ask((client) => client.smembers(index));
      const texts = await Promise.all(keys.map((key) => connection.run('boticelliRead', redisKey(key))));
      return new Map(keys.flatMap((key, at) => (texts[at]?.text === undefined ? [] : [[key, pageOf(texts[at].text)]])));
    },
    async forget(key) {
      await connection.ask((client) => client.del(redisKey(key)));
    },
  };
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** Does one thing after another for each key, so that nobody in this process comes in between another's change. */
function takingTurns() {
  const last = new Map<string, Promise<unknown>>();
  return <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const over = turn.catch(() => {});
    last.set(key, over);
    return turn;
  };
}
