import type { Models } from '@google/genai';
import { BoticelliError } from '../errors.js';
import { defaultBaseUrl } from '../facts.js';
import { assertUsableKey, type Redact, redactionOf } from './api-key.js';
import type { ConnectionOptions } from './driver-options.js';
import { proxyRoutes, type RouteTo } from './proxy-routes.js';
import { loadHttp } from './send-http.js';

/** A service and a key, and the one SDK client for them. */
export interface Connection {
  /** `host:port`: all of the URL that is ever printed. */
  host: string;
  redact: Redact;
  /** Finds the way to an address of the service, or to another that it names. */
  routeTo: RouteTo;
  /** The SDK's client, loaded and made at the first call. Rejects, before any network, with what is wrong with the key. */
  models(): Promise<Models>;
  /** Loads all that a call needs, without a network. Rejects as `models` does. */
  prepare(): Promise<void>;
}

/** Throws `invalid_config` for a base URL that can't be one. */
export function connectionTo({ apiKey, baseUrl = defaultBaseUrl, proxyFor }: ConnectionOptions): Connection {
  const url = usableUrl(baseUrl);
  const routeTo = proxyRoutes(proxyFor);
  let client: Promise<Models> | undefined;
  const models = async () => {
    assertUsableKey(apiKey);
    client ??= makeClient(apiKey, baseUrl);
    return client;
  };
  return {
    host: url.host,
    redact: redactionOf(apiKey),
    models,
    routeTo,
    async prepare() {
      await Promise.all([models(), loadHttp(url), routeTo(url)]);
    },
  };
}

/** Everything that the SDK would otherwise look for in the environment is told, `vertexai` above all (wire.md). */
async function makeClient(apiKey: string, baseUrl: string): Promise<Models> {
  const { GoogleGenAI } = await import('@google/genai');
  return withoutWarnings(
    () => new GoogleGenAI({ apiKey, vertexai: false, apiVersion: 'v1beta', httpOptions: { baseUrl } }).models,
  );
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
