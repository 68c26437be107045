import type { Files, GoogleGenAI, Live, Models } from '@google/genai';
import { BoticelliError } from '../errors.js';
import { defaultBaseUrl } from '../facts.js';
import { assertUsableKey, type Redact, redactionOf } from './api-key.js';
import type { ConnectionOptions } from './options.js';
import { loadHttp } from './transport/http.js';
import { proxyRoutes, type RouteTo } from './transport/proxy-routes.js';

/** A service and a key, and the one SDK client for them. */
export interface Connection {
  /** `host:port`: all of the URL that is ever printed. */
  host: string;
  redact: Redact;
  /** The service's address, without a key. */
  url: URL;
  /** Finds the way to an address of the service, or to another that it names. */
  routeTo: RouteTo;
  /** The SDK's client, loaded and made at the first call. Rejects, before any network, with what is wrong with the key. */
  models(): Promise<Models>;
  /** Loads all that a call needs, without a network. Rejects as `models` does. */
  prepare(): Promise<void>;
  /** A client of the Files API of its own, all of whose requests go through the given fetch. Rejects likewise. */
  files(fetchSeam: typeof fetch): Promise<Files>;
  /** The same client's way to the Live API. */
  live(): Promise<Live>;
}

/** Throws `invalid_config` for a base URL that can't be one. */
export function connectionTo({ apiKey, baseUrl = defaultBaseUrl, proxyFor }: ConnectionOptions): Connection {
  const url = usableUrl(baseUrl);
  const routeTo = proxyRoutes(proxyFor);
  let made: Promise<GoogleGenAI> | undefined;
  const client = async () => {
    assertUsableKey(apiKey);
    made ??= makeClient({ apiKey, baseUrl });
    return made;
  };
  return {
    host: url.host,
    redact: redactionOf(apiKey),
    url,
    routeTo,
    models: async () => (await client()).models,
    live: async () => (await client()).live,
    async prepare() {
      await Promise.all([client(), loadHttp(url), routeTo(url)]);
    },
    async files(fetchSeam) {
      assertUsableKey(apiKey);
      return (await makeClient({ apiKey, baseUrl, fetchSeam })).files;
    },
  };
}

/** The service as `host:port`. Throws `invalid_config` for a base URL that can't be one. */
export function hostOf({ baseUrl = defaultBaseUrl }: Pick<ConnectionOptions, 'baseUrl'>): string {
  return usableUrl(baseUrl).host;
}

/** Everything that the SDK would otherwise look for in the environment is told, `vertexai` above all (wire.md). */
async function makeClient({ apiKey, baseUrl, fetchSeam }: ClientOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  const httpOptions = { baseUrl, ...(fetchSeam && { fetch: fetchSeam }) };
  return withoutWarnings(() => new GoogleGenAI({ apiKey, vertexai: false, apiVersion: 'v1beta', httpOptions }));
}

interface ClientOptions {
  apiKey: string;
  baseUrl: string;
  fetchSeam?: typeof fetch;
}

/**
 * The SDK's constructor warns on the console that it uses GOOGLE_API_KEY where that and GEMINI_API_KEY are both set,
 * even when it is handed a key and uses that one. For the moment of this call it has nobody to tell.
 */
function withoutWarnings<Result>(make: () => Result): Result {
  const { warn } = console;
  Reflect.set(console, 'warn', () => {});
  try {
    return make();
  } finally {
    Reflect.set(console, 'warn', warn);
  }
}

function usableUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isBare = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isBare) return url;
  // The URL itself is not repeated: what is wrong with it may be a password.
  throw new BoticelliError('invalid_config', "the base URL can't be used", {
    hint: 'Give it, in GOOGLE_GEMINI_BASE_URL or as baseUrl, as http(s)://host[:port][/path] without user, query or fragment.',
  });
}
