import { BoticelliError, StreamTimeout } from '../../errors.js';
import { maxRequestBytes } from '../../facts/media.js';
import { redactUrl } from '../../media/media-url.js';
import { classifyNetworkError, createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import type { CallOptions } from '../options.js';
import { abortable, createRequestTimeouts, type RequestTimeouts } from '../rest/request-timeouts.js';
import { type HttpResponse, sendHttpRequest } from '../transport/http.js';
import type { RouteResolver } from '../transport/proxy-routes.js';

/** What was at an address. */
export interface Download {
  bytes: Buffer;
  /** The type that the server gives it. */
  contentType: string | undefined;
  /** What messages call it: its address as it was asked for. */
  displayUrl: string;
}

/** What to do about an address that is no good. Acts before this one may have been sent. */
export const checkUrlHint = 'Check the address in the narrative; this act was not sent.';

/** How often an address may send on to another one. */
const maxRedirects = 5;

// For tests alone smaller: nobody wants to wait for 100 MB.
export interface DownloadOptions extends Pick<CallOptions, 'timeoutMs' | 'idleTimeoutMs'> {
  url: string;
  signal: AbortSignal | undefined;
  /** Finds the way through a proxy. */
  resolveRoute?: RouteResolver;
  maxBytes?: number;
}

/**
 * Fetches what is at an http(s) address: within the timeouts, up to 100 MB, and without anything of the service's, its
 * key above all. A user and a password in the URL go to that host alone. Rejects with `no_input` where the address is
 * wrong, with `unavailable` where another attempt may succeed, with `timeout`, or with the signal's reason.
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { url, maxBytes = maxRequestBytes, resolveRoute = async () => undefined } = options;
  const displayUrl = redactUrl(url);
  const timeouts = createRequestTimeouts(options);
  try {
    timeouts.markSent();
    const response = await followRedirects(new URL(url), { timeouts, displayUrl, resolveRoute });
    const contentType = response.headers.get('content-type') ?? undefined;
    const createTooLargeError = () =>
      createInputError(`${displayUrl} is larger than ${maxBytes / 1_000_000} MB`, tooLargeHint);
    if (Number(response.headers.get('content-length')) > maxBytes) throw createTooLargeError();
    return {
      bytes: await readBody(response, { timeouts, displayUrl, maxBytes, createTooLargeError }),
      contentType,
      displayUrl,
    };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (timeouts.signal.aborted) throw createTimeoutError(displayUrl, timeouts, options);
    throw thrown;
  } finally {
    timeouts.close();
  }
}

const tooLargeHint = 'Download it yourself and give it as a file: files of up to 2 GB go through the Files API.';

interface FollowOptions {
  timeouts: RequestTimeouts;
  displayUrl: string;
  resolveRoute: RouteResolver;
}

/** The answer at the end of all redirects. */
async function followRedirects(
  startUrl: URL,
  { timeouts, displayUrl, resolveRoute }: FollowOptions,
): Promise<HttpResponse> {
  let currentUrl = startUrl;
  let authorization = getAuthorization(startUrl);
  for (let hops = 0; ; hops += 1) {
    const loginHeader = authorization === undefined ? {} : { authorization };
    const response = await sendHttpRequest(stripCredentials(currentUrl), {
      signal: timeouts.signal,
      route: await resolveRoute(currentUrl),
      headers: Object.entries({ 'user-agent': 'boticelli', accept: '*/*', ...loginHeader }),
    }).catch((thrown: unknown) => {
      throw createUnreachableError(displayUrl, thrown, currentUrl.host);
    });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return checkStatus(response, displayUrl);
    response.discard();
    if (hops === maxRedirects) throw createInputError(`${displayUrl} sends on more than ${maxRedirects} times`);
    const next = parseRedirect(location, currentUrl, displayUrl);
    // As browsers and curl do: another host is not to know what this one asks for.
    authorization = getAuthorization(next) ?? (next.origin === currentUrl.origin ? authorization : undefined);
    currentUrl = next;
  }
}

function parseRedirect(location: string, currentUrl: URL, displayUrl: string): URL {
  const next = URL.canParse(location, currentUrl.href) ? new URL(location, currentUrl.href) : undefined;
  if (next && /^https?:$/.test(next.protocol)) return next;
  throw createInputError(`${displayUrl} sends on to what is no http(s) address`);
}

function checkStatus(response: HttpResponse, displayUrl: string): HttpResponse {
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const isTransient = status === 408 || status === 429 || status >= 500;
  if (!isTransient) throw createInputError(`${displayUrl} can't be fetched: its server answered ${status}`);
  throw new BoticelliError('unavailable', `${displayUrl} can't be fetched: its server answered ${status}`, {
    hint: 'Try again later, or download it yourself and give it as a file.',
    isTransient,
  });
}

interface ReadBodyOptions {
  timeouts: RequestTimeouts;
  displayUrl: string;
  maxBytes: number;
  createTooLargeError: () => BoticelliError;
}

async function readBody(
  { body }: HttpResponse,
  { timeouts, displayUrl, maxBytes, createTooLargeError }: ReadBodyOptions,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let totalBytes = 0;
  const reader = body[Symbol.asyncIterator]();
  for (;;) {
    timeouts.markWaiting();
    const { done, value } = await abortable(reader.next(), timeouts.signal).catch((thrown: unknown) => {
      throw createInterruptedDownloadError(displayUrl, thrown);
    });
    if (done) break;
    timeouts.markReceived();
    chunks.push(value);
    totalBytes += value.length;
    // A length that was announced may be a lie, and one that was not has no end.
    if (totalBytes > maxBytes) throw createTooLargeError();
  }
  timeouts.markComplete();
  return Buffer.concat(chunks);
}

/** The login goes into a header, which a redirect to another host does not get. */
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

/** A per cent sign that begins no escape stands for itself, as curl has it: URLs let it be, decodeURIComponent throws. */
function decodePercentEscapes(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function createInputError(message: string, hint = checkUrlHint): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}

/** Whom there is no answer from is said too: an address may have been sent on to, and a proxy has faults of its own. */
function createUnreachableError(displayUrl: string, thrown: unknown, host: string): BoticelliError {
  const error = thrown instanceof BoticelliError ? thrown : classifyNetworkError(thrown, host, checkUrlHint);
  const { message, hint, isTransient, cause } = error;
  return new BoticelliError('unavailable', `${displayUrl} can't be fetched: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...{ isTransient, cause },
  });
}

function createInterruptedDownloadError(displayUrl: string, thrown: unknown): BoticelliError {
  return new BoticelliError('unavailable', `the download of ${displayUrl} broke off: ${describeNetworkError(thrown)}`, {
    hint: 'Run it again, or download it yourself and give it as a file.',
    ...{ isTransient: true, cause: createNetworkCause(thrown) },
  });
}

function createTimeoutError(
  displayUrl: string,
  { signal }: RequestTimeouts,
  { timeoutMs, idleTimeoutMs }: DownloadOptions,
): BoticelliError {
  const wasIdle = signal.reason instanceof StreamTimeout;
  const reason = wasIdle ? `it fell silent for ${idleTimeoutMs / 1000} s` : `it took longer than ${timeoutMs / 1000} s`;
  return new BoticelliError('timeout', `${displayUrl} could not be fetched: ${reason}`, {
    hint: 'Allow more with --timeout or --idle-timeout, or download it yourself and give it as a file.',
  });
}
