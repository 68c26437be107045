import type { Clock } from '../driver/clock.js';
import type { LiveOptions } from './live/options.js';
import type { ProxyResolver } from './transport/proxy-routes.js';

// Apart from what uses them: the library's declarations stand on these alone, and so need none of the SDK's.

/** How to reach the service, and with which key. */
export interface ConnectionOptions {
  apiKey: string;
  /** `https://generativelanguage.googleapis.com` unless told; may have a path, as gateways do. */
  baseUrl?: string;
  /** Which proxy a request goes through; none unless told. */
  resolveProxy?: ProxyResolver | undefined;
}

/** The bounds of a call. */
export interface CallOptions {
  /** Bounds one attempt, whole. Default 300 000 (5 minutes). */
  timeoutMs: number;
  /** Bounds the time between two packets of a stream, from the first one on. Default 60 000. */
  idleTimeoutMs: number;
  clock: Clock;
}

export interface GeminiDriverOptions extends ConnectionOptions, LiveOptions {
  /** Whether a model, named without `models/`, is spoken to over the Live API. By its name unless told. */
  usesLiveApi?: (model: string) => Promise<boolean> | boolean;
}
