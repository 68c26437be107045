import type { Headers } from '../transport/minimal-fetch.js';

/** A response that is an error. */
export interface ErrorResponse {
  /** The HTTP status, unless `isStatusFromBody` is true. */
  status: number;
  headers: Headers;
  body: string;
  /**
   * True for an error in the body of a response with the status 200, or in a frame of a Live session. `status` is then
   * the status that the error names, or 500 if it names none.
   */
  isStatusFromBody?: boolean;
  /** The proxy, as `host:port`, if the response may come from it. That is possible only with plain HTTP. */
  proxyHost?: string | undefined;
}

/** A response in which the key is already redacted, and the context of its request. */
export interface RedactedErrorResponse extends ErrorResponse {
  /** The model of the request. */
  model: string;
  /** `host:port` of the server that answered. */
  host: string;
  /** Milliseconds since the epoch. */
  now: number;
}
