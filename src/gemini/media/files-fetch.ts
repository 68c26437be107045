import { BoticelliError } from '../../errors.js';
import { abortable } from '../../util/abortable.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { classifyHttpError } from '../errors/classify-http-error.js';
import { classifyNetworkError } from '../errors/classify-network-error.js';
import { describeUnexpectedBody } from '../errors/describe-body.js';
import type { ErrorResponse } from '../errors/error-response.js';
import { createTooLargeResponseError, getWrongHostHint } from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { isGeminiError, parseServiceError } from '../errors/parse-error-body.js';
import { createRequestTimeouts } from '../rest/request-timeouts.js';
import { BodyTooLarge, maxNonReplyBytes } from '../transport/body-limit.js';
import { type HttpRequest, readText, sendHttpRequest } from '../transport/http.js';
import { Headers, Response } from '../transport/minimal-fetch.js';
import { createFixedLookup, findHostAddresses, type HostAddress, isLinkLocal } from './host-addresses.js';
import { isNotReadableError } from './local-file.js';
import type { MediaOptions } from './options.js';

/** The options of `createFilesFetch`. */
export interface FilesFetchOptions extends MediaOptions {
  signal: AbortSignal | undefined;
  /** The beginning of error messages, with the file's name, for example `could not upload "film.mp4"`. */
  errorPrefix: string;
  /** Finds the addresses of a host. Default: the system's lookup. */
  findAddresses?: typeof findHostAddresses;
}

/**
 * Creates the fetch that the SDK uses for the Files API. Each request, such as one piece of a file, may take
 * `timeoutMs`. The fetch throws a BoticelliError, whose message begins with `errorPrefix`, for a failed request, for an
 * error status, and for a response that does not come from the Files API. It rethrows the NotReadableError of a Blob
 * and the reason of the caller's signal unchanged.
 */
export function createFilesFetch(options: FilesFetchOptions): typeof fetch {
  const { signal, timeoutMs, connection, errorPrefix } = options;
  const send = async (url: string, init: Partial<HttpRequest> = {}): Promise<Response> => {
    const timeouts = createRequestTimeouts({ signal, timeoutMs, idleTimeoutMs: timeoutMs });
    timeouts.startDeadline();
    try {
      const route = await connection.resolveRoute(url);
      const usesProxy = route !== undefined;
      const search = findCheckedAddresses(new URL(url), { ...options, usesProxy });
      const addresses = await abortable(search, timeouts.signal);
      const { status, headers, ...response } = await sendHttpRequest(url, {
        ...{ ...init, signal: timeouts.signal, route },
        ...(addresses && !usesProxy && { lookup: createFixedLookup(addresses) }),
      });
      const body = await readText(response.body, maxNonReplyBytes);
      timeouts.markComplete();
      if (status < 200 || status >= 300) throw classifyFilesError({ status, headers, body }, options);
      if (!isFilesResponse(body, headers, new Headers(init.headers)))
        throw createUnexpectedResponseError(body, options);
      return new Response(body, { status, headers });
    } catch (thrown) {
      signal?.throwIfAborted();
      if (timeouts.signal.aborted) {
        const message = `${errorPrefix}: one request took longer than ${timeoutMs / 1000} s`;
        throw new BoticelliError('timeout', message, { hint: 'Raise --timeout.' });
      }
      if (thrown instanceof BodyTooLarge) throw createTooLargeError(thrown, options);
      if (thrown instanceof BoticelliError || isNotReadableError(thrown)) throw thrown;
      const { message, hint, isTransient, cause } = classifyNetworkError(thrown, connection.host);
      throw new BoticelliError('unavailable', `${errorPrefix}: ${message}`, { hint, isTransient, cause });
    } finally {
      timeouts.close();
    }
  };
  // The SDK calls fetch with these arguments only.
  return send as unknown as typeof fetch;
}

/**
 * Finds the addresses of an upload URL's host, which the service chooses. It may differ from the service's own host,
 * but must not be a link-local address, at which cloud providers serve the credentials of a machine. Returns undefined
 * for the service's own host.
 */
async function findCheckedAddresses(
  url: URL,
  { connection, errorPrefix, findAddresses = findHostAddresses, usesProxy }: FilesFetchOptions & { usesProxy: boolean },
): Promise<readonly HostAddress[] | undefined> {
  if (url.host === connection.host) return undefined;
  const addresses = await findAddresses(url, { usesProxy });
  if (!addresses.some(isLinkLocal)) return addresses;
  const message = `${errorPrefix}: ${connection.host} names a link-local address for the upload`;
  throw new BoticelliError('unavailable', message, { hint: getWrongHostHint(connection.host) });
}

/**
 * Whether a response has the headers and the body of the Files API. Without the headers, the SDK would retry after a
 * delay that can't be aborted, or throw an error without details.
 */
function isFilesResponse(body: string, headers: Headers, requestHeaders: Headers): boolean {
  const command = requestHeaders.get('x-goog-upload-command') ?? '';
  if (command === 'start') return headers.has('x-goog-upload-url');
  if (command.startsWith('upload') && !headers.has('x-goog-upload-status')) return false;
  return body === '' || isRecord(tryParseJson(body));
}

function classifyFilesError(
  response: ErrorResponse,
  { connection: { host, redact }, clock, errorPrefix }: FilesFetchOptions,
): BoticelliError {
  const body = redact(response.body);
  // The request has no model. The messages that would name one are replaced below.
  const error = classifyHttpError({ ...response, body, model: 'files', host, now: clock.now() });
  const { hint, cause, retryAfterMs, retryAt } = error;
  if (error.code === 'auth' || error.code === 'invalid_request') {
    return new BoticelliError(error.code, `${errorPrefix}: ${error.message}`, { hint, cause });
  }
  if (response.status === 404) {
    const message = `${errorPrefix}: ${host} has no Files API (404)`;
    return new BoticelliError('unavailable', message, { hint: "Use smaller media, or Google's own base URL.", cause });
  }
  // A 429 is `unavailable` too: the limits of the Files API are not those of a model, so the rate limiter must ignore
  // them.
  const isTransient = response.status === 429 || error.isTransient;
  const serviceError = parseServiceError(body);
  if (!isTransient && !isGeminiError(serviceError)) {
    return new BoticelliError('unavailable', `${errorPrefix}: ${error.message}`, { hint, cause });
  }
  const serviceMessage = serviceError?.message ?? describeUnexpectedBody(body);
  return new BoticelliError('unavailable', `${errorPrefix}: ${response.status}, ${toOneLine(serviceMessage)}`, {
    hint: retryAt === undefined ? 'Try again later.' : undefined,
    ...{ isTransient, cause, retryAfterMs, retryAt },
  });
}

function createTooLargeError(
  { maxBytes }: BodyTooLarge,
  { connection, errorPrefix }: FilesFetchOptions,
): BoticelliError {
  const { message, hint } = createTooLargeResponseError(connection.host, maxBytes);
  return new BoticelliError('unavailable', `${errorPrefix}: ${message}`, { hint });
}

function createUnexpectedResponseError(body: string, { connection, errorPrefix }: FilesFetchOptions): BoticelliError {
  const { host, redact } = connection;
  const message = `${errorPrefix}: ${host} answered with ${describeUnexpectedBody(redact(body))}`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
}
