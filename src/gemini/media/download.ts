import { BoticelliError, StreamTimeout } from '../../errors.js';
import { maxRequestBytes } from '../../facts/media.js';
import { redactUrl } from '../../media/media-url.js';
import { abortable } from '../../util/abortable.js';
import { classifyNetworkError, createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import type { CallOptions } from '../rest/call-options.js';
import { createRequestTimeouts, type RequestTimeouts, readPackets } from '../rest/request-timeouts.js';
import { type HttpResponse, sendHttpRequest } from '../transport/http.js';
import type { RouteResolver } from '../transport/proxy-routes.js';
import { createFixedLookup, findHostAddresses, type HostAddress, isLinkLocal, isPrivate } from './host-addresses.js';

/** A downloaded file. */
export interface Download {
  bytes: Buffer;
  /** The server's `Content-Type`. */
  contentType: string | undefined;
  /** The requested URL for messages, without login and query. */
  displayUrl: string;
}

/** The hint for a bad URL. It says "this act", because earlier acts may have been sent. */
const checkUrlHint = 'Check the URL in the narrative. This act was not sent.';

const maxRedirects = 5;

/** The options of `download`. */
export interface DownloadOptions extends Pick<CallOptions, 'timeoutMs' | 'idleTimeoutMs'> {
  url: string;
  signal: AbortSignal | undefined;
  /** Whether a private or loopback address is refused. Default false. */
  publicOnly?: boolean | undefined;
  /** Finds the addresses of a host. Default: the system's lookup. */
  findAddresses?: typeof findHostAddresses;
  /** Finds the proxy route. Default: no proxy. */
  resolveRoute?: RouteResolver;
  /** Default 100 MB. Tests set a lower limit. */
  maxBytes?: number;
}

/**
 * Downloads a file of up to 100 MB from an http(s) URL, following redirects. Sends neither the API key nor the SDK's
 * headers. A login in the URL is sent only to the host of that URL. Rejects with the signal's reason after an abort.
 * @throws BoticelliError `no_input` if the URL can't be used or the file is too large, `unavailable` if the server
 *   can't be reached or fails, `timeout`
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { url, maxBytes = maxRequestBytes, resolveRoute = async () => undefined } = options;
  const { publicOnly = false, findAddresses = findHostAddresses } = options;
  const displayUrl = redactUrl(url);
  const timeouts = createRequestTimeouts(options);
  try {
    timeouts.startDeadline();
    const response = await followRedirects(new URL(url), {
      ...{ timeouts, displayUrl, resolveRoute, publicOnly, findAddresses },
    });
    const bytes = await readBody(response, { timeouts, displayUrl, maxBytes });
    return { bytes, contentType: response.headers.get('content-type') ?? undefined, displayUrl };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (timeouts.signal.aborted) throw createTimeoutError(displayUrl, timeouts, options);
    throw thrown;
  } finally {
    timeouts.close();
  }
}

interface DownloadContext {
  timeouts: RequestTimeouts;
  displayUrl: string;
}

type RedirectOptions = DownloadContext &
  Required<Pick<DownloadOptions, 'resolveRoute' | 'publicOnly' | 'findAddresses'>>;

/** Follows redirects. Returns the first response that is not a redirect, or throws if its status is an error. */
async function followRedirects(startUrl: URL, options: RedirectOptions): Promise<HttpResponse> {
  const { timeouts, displayUrl, resolveRoute } = options;
  let currentUrl = startUrl;
  let publicOnly = options.publicOnly;
  let authorization = getAuthorization(startUrl);
  for (let redirectCount = 0; ; redirectCount += 1) {
    const loginHeader = authorization === undefined ? {} : { authorization };
    const route = await resolveRoute(currentUrl);
    const usesProxy = route !== undefined;
    const addresses = await findCheckedAddresses(currentUrl, usesProxy, { ...options, publicOnly });
    // A name that only the proxy can look up counts as public, so a redirect from it to a private address is rejected.
    publicOnly ||= addresses.length === 0 || addresses.some((address) => !isPrivate(address));
    const response = await sendHttpRequest(stripCredentials(currentUrl), {
      ...{ signal: timeouts.signal, route },
      ...(!usesProxy && { lookup: createFixedLookup(addresses) }),
      headers: Object.entries({ 'user-agent': 'boticelli', accept: '*/*', ...loginHeader }),
    }).catch((thrown: unknown) => {
      throw createUnreachableError(displayUrl, thrown, currentUrl.host);
    });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return checkStatus(response, displayUrl);
    response.discard();
    if (redirectCount === maxRedirects)
      throw createInputError(`${displayUrl} redirects more than ${maxRedirects} times`);
    const next = parseRedirect(location, currentUrl, displayUrl);
    // As in browsers and curl, the login of one host is not sent to another host.
    authorization = getAuthorization(next) ?? (next.origin === currentUrl.origin ? authorization : undefined);
    currentUrl = next;
  }
}

/**
 * Finds the addresses of a URL's host. Rejects link-local addresses, at which cloud providers serve the credentials of
 * a machine. With `publicOnly`, also rejects private addresses. `publicOnly` is set by the caller, and for each
 * redirect from a public address: the author of a public page must not choose what is read in the user's network.
 */
async function findCheckedAddresses(
  url: URL,
  usesProxy: boolean,
  { timeouts, displayUrl, findAddresses, publicOnly }: Omit<RedirectOptions, 'resolveRoute'>,
): Promise<readonly HostAddress[]> {
  const addresses = await abortable(findAddresses(url, { usesProxy }), timeouts.signal).catch((thrown: unknown) => {
    timeouts.signal.throwIfAborted();
    throw createUnreachableError(displayUrl, thrown, url.host);
  });
  const kind = addresses.some(isLinkLocal) ? 'link-local' : publicOnly && addresses.some(isPrivate) ? 'private' : '';
  if (kind === '') return addresses;
  const hint = 'If you trust that address, download the media yourself and use the file.';
  throw createInputError(`can't fetch ${displayUrl}: ${url.host} is a ${kind} address`, hint);
}

function parseRedirect(location: string, currentUrl: URL, displayUrl: string): URL {
  const next = URL.canParse(location, currentUrl.href) ? new URL(location, currentUrl.href) : undefined;
  if (next && /^https?:$/.test(next.protocol)) return next;
  throw createInputError(`${displayUrl} redirects to a URL that is not http(s)`);
}

function checkStatus(response: HttpResponse, displayUrl: string): HttpResponse {
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const isTransient = status === 408 || status === 429 || status >= 500;
  const message = `can't fetch ${displayUrl}: the server answered ${status}`;
  // A 101 to a request that asks for no other protocol is a fault of the server. It says nothing about the URL.
  if (!isTransient && status !== 101) throw createInputError(message);
  throw new BoticelliError('unavailable', message, {
    hint: 'Try again later, or download the media yourself and use the file.',
    isTransient,
  });
}

async function readBody(
  { headers, body }: HttpResponse,
  { timeouts, displayUrl, maxBytes }: DownloadContext & { maxBytes: number },
): Promise<Buffer> {
  const assertFits = (byteLength: number) => {
    if (byteLength <= maxBytes) return;
    const hint =
      'Download the media yourself and use the file: files of up to 2 GB are uploaded through the Files API.';
    throw createInputError(`${displayUrl} is larger than ${maxBytes / 1_000_000} MB`, hint);
  };
  assertFits(Number(headers.get('content-length')));
  const chunks: Uint8Array[] = [];
  let totalBytes = 0;
  try {
    for await (const bytes of readPackets(body, timeouts)) {
      chunks.push(bytes);
      totalBytes += bytes.length;
      // The bytes are counted, because Content-Length may be wrong or absent.
      assertFits(totalBytes);
    }
  } catch (thrown) {
    if (thrown instanceof BoticelliError) throw thrown;
    throw new BoticelliError(
      'unavailable',
      `the download of ${displayUrl} was interrupted: ${describeNetworkError(thrown)}`,
      {
        hint: 'Try again, or download the media yourself and use the file.',
        ...{ isTransient: true, cause: createNetworkCause(thrown) },
      },
    );
  }
  return Buffer.concat(chunks);
}

/** Removes the login from a URL. `followRedirects` sends the login as a header, and only to its own host. */
function stripCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function getAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = `${decodePercentEscapes(username)}:${decodePercentEscapes(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/**
 * Decodes valid percent escapes and keeps other percent signs, as curl does. `URL` accepts those other percent signs,
 * but `decodeURIComponent` throws for them.
 */
function decodePercentEscapes(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Creates the error for a URL that can't be used. */
export function createInputError(message: string, hint = checkUrlHint): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}

/**
 * Creates the error for a failed connection. Its message also names the host that failed, which may be the target of a
 * redirect, or a proxy.
 */
function createUnreachableError(displayUrl: string, thrown: unknown, host: string): BoticelliError {
  const error = thrown instanceof BoticelliError ? thrown : classifyNetworkError(thrown, host, checkUrlHint);
  const { message, hint, isTransient, cause } = error;
  return new BoticelliError('unavailable', `can't fetch ${displayUrl}: ${message}`, { hint, isTransient, cause });
}

function createTimeoutError(
  displayUrl: string,
  { signal }: RequestTimeouts,
  { timeoutMs, idleTimeoutMs }: DownloadOptions,
): BoticelliError {
  const wasIdle = signal.reason instanceof StreamTimeout;
  const reason = wasIdle
    ? `no data for ${idleTimeoutMs / 1000} s`
    : `no complete response within ${timeoutMs / 1000} s`;
  return new BoticelliError('timeout', `can't fetch ${displayUrl}: ${reason}`, {
    hint: `Raise ${wasIdle ? '--idle-timeout' : '--timeout'}, or download the media yourself and use the file.`,
  });
}
