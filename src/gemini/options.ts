import type { LiveOptions } from './live/options.js';
import type { ProxyResolver } from './transport/proxy-routes.js';

// The library's declarations import this file. It must not import the code that uses the options, or the SDK's types.

/** Address of the service, API key and proxy. */
export interface ConnectionOptions {
  apiKey: string;
  /** Default `https://generativelanguage.googleapis.com`. May have a path, as the URLs of gateways do. */
  baseUrl?: string;
  /** Chooses the proxy of a request. Default: no proxy. */
  resolveProxy?: ProxyResolver | undefined;
}

/** The options of `createGeminiDriver`. */
export interface GeminiDriverOptions extends ConnectionOptions, LiveOptions {
  /**
   * Whether to use the Live API for a model. The name of the model has no `models/` prefix. By default, the built-in
   * facts decide, or else the model's name.
   */
  usesLiveApi?: (model: string) => Promise<boolean> | boolean;
}
