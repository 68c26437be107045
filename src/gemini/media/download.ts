import { BoticelliError, StreamTimeout } from '../../errors.js';
import { requestMostBytes } from '../../facts.js';
import { addressWords } from '../../media/address.js';
import { classifyUnreachable, networkCause, networkReason } from '../errors/classify-network-error.js';
import type { CallOptions } from '../options.js';
import { type Attempt, openAttempt, orAborted } from '../rest/request-timeouts.js';
import { type HttpAnswer, sendHttp } from '../transport/http.js';
import type { RouteTo } from '../transport/proxy-routes.js';

/** What was at an address. */
export interface Download {
  bytes: Buffer;
  /** The type that the server gives it. */
  served: string | undefined;
  /** What messages call it: its address as it was asked for. */
  words: string;
}

/** What to do about an address that is no good. Acts before this one may have been sent. */
export const checkAddress = 'Check the address in the narrative; this act was not sent.';

/** How often an address may send on to another one. */
const mostRedirects = 5;

// For tests alone smaller: nobody wants to wait for 100 MB.
export interface DownloadOptions extends Pick<CallOptions, 'timeoutMs' | 'idleTimeoutMs'> {
  url: string;
  signal: AbortSignal | undefined;
  /** Finds the way through a proxy. */
  routeTo?: RouteTo;
  mostBytes?: number;
}

/**
 * Fetches what is at an http(s) address: within the timeouts, up to 100 MB, and without anything of the service's, its
 * key above all. A user and a password in the URL go to that host alone. Rejects with `no_input` where the address is
 * wrong, with `unavailable` where another attempt may succeed, with `timeout`, or with the signal's reason.
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { url, mostBytes = requestMostBytes, routeTo = async () => undefined } = options;
  const words = addressWords(url);
  const attempt = openAttempt(options);
  try {
    attempt.sent();
    const response = await follow(new URL(url), { attempt, words, routeTo });
    const served = response.headers.get('content-type') ?? undefined;
    const tooLarge = () => unusable(`${words} is larger than ${mostBytes / 1_000_000} MB`, tooLargeHint);
    if (Number(response.headers.get('content-length')) > mostBytes) throw tooLarge();
    return { bytes: await readAll(response, { attempt, words, mostBytes, tooLarge }), served, words };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (attempt.signal.aborted) throw tooSlow(words, attempt, options);
    throw thrown;
  } finally {
    attempt.close();
  }
}

const tooLargeHint = 'Download it yourself and give it as a file: files of up to 2 GB go through the Files API.';

interface Following {
  attempt: Attempt;
  words: string;
  routeTo: RouteTo;
}

/** The answer at the end of all redirects. */
async function follow(start: URL, { attempt, words, routeTo }: Following): Promise<HttpAnswer> {
  let at = start;
  let authorization = authorizationOf(start);
  for (let hops = 0; ; hops += 1) {
    const login = authorization === undefined ? {} : { authorization };
    const response = await sendHttp(withoutLogin(at), {
      signal: attempt.signal,
      route: await routeTo(at),
      headers: Object.entries({ 'user-agent': 'boticelli', accept: '*/*', ...login }),
    }).catch((thrown: unknown) => {
      throw unreachable(words, thrown, at.host);
    });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return answerOf(response, words);
    response.discard();
    if (hops === mostRedirects) throw unusable(`${words} sends on more than ${mostRedirects} times`);
    const next = nextAddress(location, at, words);
    // As browsers and curl do: another host is not to know what this one asks for.
    authorization = authorizationOf(next) ?? (next.origin === at.origin ? authorization : undefined);
    at = next;
  }
}

function nextAddress(location: string, at: URL, words: string): URL {
  const next = URL.canParse(location, at.href) ? new URL(location, at.href) : undefined;
  if (next && /^https?:$/.test(next.protocol)) return next;
  throw unusable(`${words} sends on to what is no http(s) address`);
}

function answerOf(response: HttpAnswer, words: string): HttpAnswer {
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const passing = status === 408 || status === 429 || status >= 500;
  if (!passing) throw unusable(`${words} can't be fetched: its server answered ${status}`);
  throw new BoticelliError('unavailable', `${words} can't be fetched: its server answered ${status}`, {
    hint: 'Try again later, or download it yourself and give it as a file.',
    passing,
  });
}

interface Reading {
  attempt: Attempt;
  words: string;
  mostBytes: number;
  tooLarge: () => BoticelliError;
}

async function readAll({ body }: HttpAnswer, { attempt, words, mostBytes, tooLarge }: Reading): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = body[Symbol.asyncIterator]();
  for (;;) {
    attempt.waitsForBytes();
    const { done, value } = await orAborted(reader.next(), attempt.signal).catch((thrown: unknown) => {
      throw brokenOff(words, thrown);
    });
    if (done) break;
    attempt.bytesCame();
    pieces.push(value);
    length += value.length;
    // A length that was announced may be a lie, and one that was not has no end.
    if (length > mostBytes) throw tooLarge();
  }
  attempt.answerEnded();
  return Buffer.concat(pieces);
}

/** The login goes into a header, which a redirect to another host does not get. */
function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const login = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

/** A per cent sign that begins no escape stands for itself, as curl has it: URLs let it be, decodeURIComponent throws. */
function decoded(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function unusable(message: string, hint = checkAddress): BoticelliError {
  return new BoticelliError('no_input', message, { hint });
}

/** Whom there is no answer from is said too: an address may have been sent on to, and a proxy has faults of its own. */
function unreachable(words: string, thrown: unknown, host: string): BoticelliError {
  const why = thrown instanceof BoticelliError ? thrown : classifyUnreachable(thrown, host, checkAddress);
  const { message, hint, passing, cause } = why;
  return new BoticelliError('unavailable', `${words} can't be fetched: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...{ passing, cause },
  });
}

function brokenOff(words: string, thrown: unknown): BoticelliError {
  return new BoticelliError('unavailable', `the download of ${words} broke off: ${networkReason(thrown)}`, {
    hint: 'Run it again, or download it yourself and give it as a file.',
    ...{ passing: true, cause: networkCause(thrown) },
  });
}

function tooSlow(words: string, { signal }: Attempt, { timeoutMs, idleTimeoutMs }: DownloadOptions): BoticelliError {
  const fellSilent = signal.reason instanceof StreamTimeout;
  const why = fellSilent ? `it fell silent for ${idleTimeoutMs / 1000} s` : `it took longer than ${timeoutMs / 1000} s`;
  return new BoticelliError('timeout', `${words} could not be fetched: ${why}`, {
    hint: 'Allow more with --timeout or --idle-timeout, or download it yourself and give it as a file.',
  });
}
