import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../driver/clock.js';
import { defaultBaseUrl } from '../../facts/requests.js';
import { isRecord, tryParseJson } from '../errors/parse-error-body.js';
import type { ConnectionOptions } from '../options.js';
import { type ModelList, type ModelListCache, parseModelInfo } from './model-info.js';

/** A list as it is kept. */
export interface StoredModelList {
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** JSON, of which the reader believes nothing. */
  models: string;
}

/** Keeps lists between runs. What can't be read is as if absent, what can't be written is dropped: neither rejects. */
export interface ModelListStore {
  read(key: string): Promise<StoredModelList | undefined>;
  /** The youngest of those whose key begins so. */
  readNewest(keyPrefix: string): Promise<StoredModelList | undefined>;
  write(key: string, list: StoredModelList): Promise<void>;
}

export interface ModelListCacheOptions extends ConnectionOptions {
  store: ModelListStore;
  clock?: Clock;
  /** How long a list is believed. Default a day. */
  maxAgeMs?: number;
}

const dayMs = 86_400_000;

/** The list of one key at one service, kept between runs. It is read once a process. */
export function createModelListCache(options: ModelListCacheOptions): ModelListCache {
  const { apiKey, baseUrl, store, clock = systemClock, maxAgeMs = dayMs } = options;
  const key = `${hashService(baseUrl)} ${shortHash(apiKey)}`;
  let loaded: Promise<ModelList | undefined> | undefined;
  return {
    async read() {
      loaded ??= store.read(key).then(parseStoredModelList);
      const list = await loaded;
      const ageMs = clock.now() - (list?.listedAt ?? 0);
      // A list from the future was written before the clock was put back: its age is anyone's guess.
      return ageMs >= 0 && ageMs < maxAgeMs ? list : undefined;
    },
    async write(entries) {
      // A service that lists nothing is worth being asked again.
      if (entries.length === 0) return;
      const listedAt = clock.now();
      loaded = Promise.resolve({ entries, listedAt });
      await store.write(key, { fetchedAt: listedAt, models: JSON.stringify(entries) });
    },
  };
}

/** The youngest list that any key got from a service, however old: for who has no key to ask with. */
export async function readNewestModelList(
  store: ModelListStore,
  { baseUrl }: Pick<ConnectionOptions, 'baseUrl'>,
): Promise<ModelList | undefined> {
  return parseStoredModelList(await store.readNewest(`${hashService(baseUrl)} `));
}

function parseStoredModelList(stored: StoredModelList | undefined): ModelList | undefined {
  const models = tryParseJson(stored?.models ?? '');
  if (!stored || !Array.isArray(models)) return undefined;
  const entries = models.flatMap((fields) => (isRecord(fields) ? (parseModelInfo(fields) ?? []) : []));
  return entries.length === 0 ? undefined : { entries, listedAt: stored.fetchedAt };
}

/** What tells services apart. Of the address too only a hash is kept: a gateway's may have a secret in its path. */
export function hashService(baseUrl = defaultBaseUrl): string {
  return shortHash(URL.canParse(baseUrl) ? new URL(baseUrl).href : baseUrl);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
