import type { Files, GoogleGenAI, Live, Models } from '@google/genai';
import { BoticelliError } from '../errors.js';
import { defaultBaseUrl } from '../facts/requests.js';
import { isBaseUrl, stripApiVersion } from '../util/base-url.js';
import { assertUsableKey, createRedactor, type Redact } from './api-key.js';
import type { ConnectionOptions } from './options.js';
import { loadHttpModule } from './transport/http.js';
import { createRouteResolver, type RouteResolver } from './transport/proxy-routes.js';

/** A service, an API key and the SDK client for them, which all requests share. */
export interface Connection {
  /** `host:port`, the only part of the URL that messages show. */
  host: string;
  redact: Redact;
  /** The service's address, without the key. */
  url: URL;
  /** Finds the route to a URL, directly or through a proxy. Media may be on other servers than the service. */
  resolveRoute: RouteResolver;
  /**
   * The SDK's API that generates replies and lists models. The first call loads the SDK.
   * @throws BoticelliError for an unusable key, before any request
   */
  getModelsApi(): Promise<Models>;
  /** Loads everything that a request needs, without sending a request. Throws as `getModelsApi` does. */
  prepare(): Promise<void>;
  /** Creates a client of the Files API that sends all requests through `customFetch`. Throws as `getModelsApi` does. */
  createFilesApi(customFetch: typeof fetch): Promise<Files>;
  /** The Live API of the client that `getModelsApi` uses. Throws as `getModelsApi` does. */
  getLiveApi(): Promise<Live>;
}

/**
 * Creates a connection. An API version at the end of the base URL is left out.
 * @throws BoticelliError `invalid_config` for an invalid base URL
 */
export function createConnection({ apiKey, resolveProxy, ...options }: ConnectionOptions): Connection {
  const baseUrl = stripApiVersion(options.baseUrl ?? defaultBaseUrl);
  const url = parseBaseUrl(baseUrl);
  const resolveRoute = createRouteResolver(resolveProxy);
  let clientPromise: Promise<GoogleGenAI> | undefined;
  const getClient = async () => {
    assertUsableKey(apiKey);
    clientPromise ??= createClient(apiKey, baseUrl);
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
      return (await createClient(apiKey, baseUrl, customFetch)).files;
    },
  };
}

/** The service as `host:port`. @throws BoticelliError `invalid_config` for an invalid base URL */
export function getServiceHost({ baseUrl = defaultBaseUrl }: Pick<ConnectionOptions, 'baseUrl'>): string {
  return parseBaseUrl(baseUrl).host;
}

/**
 * Creates a client. Passes every option that the SDK would otherwise read from the environment, where a variable may
 * select Google Cloud.
 */
async function createClient(apiKey: string, baseUrl: string, customFetch?: typeof fetch): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  const httpOptions = { baseUrl, ...(customFetch && { fetch: customFetch }) };
  return suppressWarnings(() => new GoogleGenAI({ apiKey, vertexai: false, apiVersion: 'v1beta', httpOptions }));
}

/**
 * Silences `console.warn` during the SDK's constructor. If both GOOGLE_API_KEY and GEMINI_API_KEY are set, the
 * constructor warns that it uses GOOGLE_API_KEY, even if it uses a key from its arguments instead.
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
  if (isBaseUrl(baseUrl)) return new URL(baseUrl);
  // The message does not contain the URL, which may hold a password.
  throw new BoticelliError('invalid_config', 'the base URL is not valid', {
    hint: 'Set GOOGLE_GEMINI_BASE_URL or baseUrl to http(s)://host[:port][/path], without user, query or fragment.',
  });
}
