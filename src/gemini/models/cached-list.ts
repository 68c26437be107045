import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../driver/clock.js';
import { defaultBaseUrl } from '../../facts.js';
import { isRecord, parsedJson } from '../errors/parse-error-body.js';
import type { ConnectionOptions } from '../options.js';
import { type Catalogue, type CatalogueMemory, entryFrom } from './model-info.js';

/** A list as it is kept. */
export interface KeptCatalogue {
  /** Milliseconds since the epoch. */
  fetchedAt: number;
  /** JSON, of which the reader believes nothing. */
  models: string;
}

/** Keeps lists between runs. What can't be read is as if absent, what can't be written is dropped: neither rejects. */
export interface CatalogueStore {
  read(key: string): Promise<KeptCatalogue | undefined>;
  /** The youngest of those whose key begins so. */
  youngest(keyPrefix: string): Promise<KeptCatalogue | undefined>;
  write(key: string, kept: KeptCatalogue): Promise<void>;
}

export interface CachedCatalogueOptions extends ConnectionOptions {
  store: CatalogueStore;
  clock?: Clock;
  /** How long a list is believed. Default a day. */
  maxAgeMs?: number;
}

const dayMs = 86_400_000;

/** The list of one key at one service, kept between runs. It is read once a process. */
export function cachedCatalogue(options: CachedCatalogueOptions): CatalogueMemory {
  const { apiKey, baseUrl, store, clock = systemClock, maxAgeMs = dayMs } = options;
  const key = `${serviceHash(baseUrl)} ${hashOf(apiKey)}`;
  let known: Promise<Catalogue | undefined> | undefined;
  return {
    async recall() {
      known ??= store.read(key).then(catalogueFrom);
      const catalogue = await known;
      const ageMs = clock.now() - (catalogue?.listedAt ?? 0);
      // A list from the future was written before the clock was put back: its age is anyone's guess.
      return ageMs >= 0 && ageMs < maxAgeMs ? catalogue : undefined;
    },
    async remember(entries) {
      // A service that lists nothing is worth being asked again.
      if (entries.length === 0) return;
      const listedAt = clock.now();
      known = Promise.resolve({ entries, listedAt });
      await store.write(key, { fetchedAt: listedAt, models: JSON.stringify(entries) });
    },
  };
}

/** The youngest list that any key got from a service, however old: for who has no key to ask with. */
export async function catalogueOfAnyKey(
  store: CatalogueStore,
  { baseUrl }: Pick<ConnectionOptions, 'baseUrl'>,
): Promise<Catalogue | undefined> {
  return catalogueFrom(await store.youngest(`${serviceHash(baseUrl)} `));
}

function catalogueFrom(kept: KeptCatalogue | undefined): Catalogue | undefined {
  const models = parsedJson(kept?.models ?? '');
  if (!kept || !Array.isArray(models)) return undefined;
  const entries = models.flatMap((fields) => (isRecord(fields) ? (entryFrom(fields) ?? []) : []));
  return entries.length === 0 ? undefined : { entries, listedAt: kept.fetchedAt };
}

/** What tells services apart. Of the address too only a hash is kept: a gateway's may have a secret in its path. */
export function serviceHash(baseUrl = defaultBaseUrl): string {
  return hashOf(URL.canParse(baseUrl) ? new URL(baseUrl).href : baseUrl);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
