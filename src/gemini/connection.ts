import type { Files, GoogleGenAI, Live, Models } from '@google/genai';
import { BoticelliError } from '../errors.js';
import { defaultBaseUrl } from '../facts/requests.js';
import { assertUsableKey, createRedactor, type Redact } from './api-key.js';
import type { ConnectionOptions } from './options.js';
import { loadHttpModule } from './transport/http.js';
import { createRouteResolver, type RouteResolver } from './transport/proxy-routes.js';

/** A service and a key, and the one SDK client for them. */
export interface Connection {
  /** `host:port`: all of the URL that is ever printed. */
  host: string;
  redact: Redact;
  /** The service's address, without a key. */
  url: URL;
  /** Finds the way to an address of the service, or to another that it names. */
  resolveRoute: RouteResolver;
  /** The SDK's client, loaded and made at the first call. Rejects, before any network, with what is wrong with the key. */
  getModelsApi(): Promise<Models>;
  /** Loads all that a call needs, without a network. Rejects as `models` does. */
  prepare(): Promise<void>;
  /** A client of the Files API of its own, all of whose requests go through the given fetch. Rejects likewise. */
  createFilesApi(customFetch: typeof fetch): Promise<Files>;
  /** The same client's way to the Live API. */
  getLiveApi(): Promise<Live>;
}

/** Throws `invalid_config` for a base URL that can't be one. */
export function createConnection({ apiKey, baseUrl = defaultBaseUrl, resolveProxy }: ConnectionOptions): Connection {
  const url = parseBaseUrl(baseUrl);
  const resolveRoute = createRouteResolver(resolveProxy);
  let clientPromise: Promise<GoogleGenAI> | undefined;
  const getClient = async () => {
    assertUsableKey(apiKey);
    clientPromise ??= createClient({ apiKey, baseUrl });
    return clientPromise;
  };
  return {
    host: url.host,
    redact: createRedactor(apiKey),
    url,
    resolveRoute,
    getModelsApi: async () => (await getClient()).models,
    getLiveApi: async () => (await getClient()).live,
    async prepare() {
      await Promise.all([getClient(), loadHttpModule(url), resolveRoute(url)]);
    },
    async createFilesApi(customFetch) {
      assertUsableKey(apiKey);
      return (await createClient({ apiKey, baseUrl, customFetch })).files;
    },
  };
}

/** The service as `host:port`. Throws `invalid_config` for a base URL that can't be one. */
export function getServiceHost({ baseUrl = defaultBaseUrl }: Pick<ConnectionOptions, 'baseUrl'>): string {
  return parseBaseUrl(baseUrl).host;
}

/** Everything that the SDK would otherwise look for in the environment is told, `vertexai` above all (wire.md). */
async function createClient({ apiKey, baseUrl, customFetch }: ClientOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  const httpOptions = { baseUrl, ...(customFetch && { fetch: customFetch }) };
  return suppressWarnings(() => new GoogleGenAI({ apiKey, vertexai: false, apiVersion: 'v1beta', httpOptions }));
}

interface ClientOptions {
  apiKey: string;
  baseUrl: string;
  customFetch?: typeof fetch;
}

/**
 * The SDK's constructor warns on the console that it uses GOOGLE_API_KEY where that and GEMINI_API_KEY are both set,
 * even when it is handed a key and uses that one. For the moment of this call it has nobody to tell.
 */
function suppressWarnings<Result>(create: () => Result): Result {
  const { warn } = console;
  Reflect.set(console, 'warn', () => {});
  try {
    return create();
  } finally {
    Reflect.set(console, 'warn', warn);
  }
}

function parseBaseUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain) return url;
  // The URL itself is not repeated: what is wrong with it may be a password.
  throw new BoticelliError('invalid_config', "the base URL can't be used", {
    hint: 'Give it, in GOOGLE_GEMINI_BASE_URL or as baseUrl, as http(s)://host[:port][/path] without user, query or fragment.',
  });
}
