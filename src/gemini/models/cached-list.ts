import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../driver/clock.js';
import { defaultBaseUrl } from '../../facts/requests.js';
import { stripApiVersion } from '../../util/base-url.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import type { ConnectionOptions } from '../options.js';
import { type ModelList, type ModelListCache, parseModelInfo } from './model-info.js';

/** A model list in the store. */
export interface StoredModelList {
  /** When the service listed the models, in milliseconds since the epoch. */
  listedAt: number;
  /** JSON. The reader validates it. */
  models: string;
}

/**
 * Stores model lists between runs. Never rejects: an unreadable list counts as absent, and a failed write is ignored.
 */
export interface ModelListStore {
  read(key: string): Promise<StoredModelList | undefined>;
  /** Resolves to the newest list whose key begins with the prefix. */
  readNewest(keyPrefix: string): Promise<StoredModelList | undefined>;
  write(key: string, list: StoredModelList): Promise<void>;
}

interface ModelListCacheOptions extends ConnectionOptions {
  store: ModelListStore;
  clock?: Clock;
  /** The maximum age of a list, in milliseconds. Default: a day. */
  maxAgeMs?: number;
}

/** Creates a cache for the model list of one API key at one service. The cache reads the store only once. */
export function createModelListCache(options: ModelListCacheOptions): ModelListCache {
  const { apiKey, baseUrl, store, clock = systemClock, maxAgeMs = 86_400_000 } = options;
  const key = `${hashService(baseUrl)} ${shortHash(apiKey)}`;
  let loaded: Promise<ModelList | undefined> | undefined;
  return {
    async read() {
      loaded ??= store.read(key).then(parseStoredModelList);
      const list = await loaded;
      const ageMs = clock.now() - (list?.listedAt ?? 0);
      // If the time of the list is in the future, the clock was set back after the list was written. Its age is then
      // unknown, and it is not used.
      return ageMs >= 0 && ageMs < maxAgeMs ? list : undefined;
    },
    async write(entries) {
      // An empty list is not cached, so that the list is requested again next time.
      if (entries.length === 0) return;
      const listedAt = clock.now();
      loaded = Promise.resolve({ entries, listedAt });
      await store.write(key, { listedAt, models: JSON.stringify(entries) });
    },
  };
}

/**
 * Reads the newest list that any API key received from a service, however old the list is. It serves users without a
 * key.
 */
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
  return entries.length === 0 ? undefined : { entries, listedAt: stored.listedAt };
}

/** Identifies a service by the hash of its base URL, because a gateway's URL may have a secret in its path. */
export function hashService(baseUrl = defaultBaseUrl): string {
  const serviceUrl = stripApiVersion(baseUrl);
  return shortHash(URL.canParse(serviceUrl) ? new URL(serviceUrl).href : serviceUrl);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
