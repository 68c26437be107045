import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Headers } from './minimal-fetch.js';
import { watchProxy } from './proxy-errors.js';
import type { ProxyRoute } from './proxy-routes.js';

/** A request over HTTP, as fetch is given it. */
export interface HttpRequest {
  method?: string | undefined;
  headers?: Iterable<readonly [string, string]>;
  /** A Blob is sent piece by piece, as it is read. */
  body?: string | Uint8Array | Blob | undefined;
  /** Aborting closes the connection, also in the midst of the answer's body. */
  signal: AbortSignal;
  /** The way through a proxy; straight unless told. */
  route?: ProxyRoute | undefined;
}

/** An answer as it begins. Its body is yet to be read, to its end or until the request's signal aborts. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: AsyncIterable<Uint8Array>;
  /** Ends it without reading its body. */
  discard(): void;
}

/**
 * Sends a request through node:http, whose start costs a sixth of what fetch's does (see light-fetch.ts), and which has no
 * time limits of its own. Redirects are not followed: the key's header would go along. Rejects with Node's errors, and
 * with a BoticelliError for what a proxy did wrong.
 */
export async function sendHttp(url: string | URL, { method = 'GET', headers = [], ...rest }: HttpRequest) {
  const target = new URL(url);
  const { request } = await loadHttp(target);
  const { body, signal, route } = rest;
  signal.throwIfAborted();
  const length = body instanceof Blob ? { 'content-length': body.size } : {};
  const options = {
    method,
    headers: { ...Object.fromEntries(headers), ...length },
    ...(route && { agent: route.agent }),
  };
  return new Promise<HttpAnswer>((resolve, reject) => {
    const send = () => {
      const sending = request(target, options);
      // Not `performance`, which takes 0.7 ms to load; a clock that is set meanwhile may cost one attempt.
      const sentAt = Date.now();
      const proxy = route && watchProxy(sending, { proxyHost: route.proxyHost, host: target.host });
      // Not by Node's own `signal`: its error is nobody's where an answer has just come to its end (Node 20.20).
      const close = () => sending.destroy();
      signal.addEventListener('abort', close);
      sending.on('close', () => signal.removeEventListener('abort', close));
      sending.on('error', (error) => {
        // A Blob is read once.
        const isAgain = isStale(sending, error, Date.now() - sentAt) && !(body instanceof Blob);
        if (isAgain && !signal.aborted) send();
        else reject(proxy?.faultBehind(error) ?? error);
      });
      sending.on('response', (answer) => {
        // An error of the body reaches whoever reads it.
        answer.on('error', () => {});
        const { statusCode: status = 0 } = answer;
        const refusal = proxy?.refusalBy(status);
        if (refusal) answer.resume();
        if (refusal) reject(refusal);
        else resolve({ status, headers: headersOf(answer), body: decoded(answer), discard: close });
      });
      if (body instanceof Blob) pipeline(piecesOf(body, reject), sending, () => {});
      else sending.end(body);
    };
    send();
  });
}

/** Longer than a round trip takes, shorter than a reply: who ends a connection later than this may have begun to work. */
const roundTripMs = 1000;

/**
 * Whether a kept connection was closed by the other side just as it was used again, so that the request never came to be:
 * Node tells no more than this (https://nodejs.org/docs/latest-v20.x/api/http.html#requestreusedsocket, read 2026-11), and
 * browsers too take it for that. Sent again on the next connection, it costs neither an error nor a second appointment.
 */
function isStale(
  { reusedSocket, res }: { reusedSocket: boolean; res?: unknown },
  error: Error,
  tookMs: number,
): boolean {
  const code: unknown = Reflect.get(error, 'code');
  return reusedSocket && !res && (code === 'ECONNRESET' || code === 'EPIPE') && tookMs < roundTripMs;
}

/** Loads what a request to an address needs. TLS alone takes 10 ms. */
export function loadHttp({ protocol }: URL): Promise<Pick<typeof import('node:http'), 'request'>> {
  return protocol === 'https:' ? import('node:https') : import('node:http');
}

/** The whole body as text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

function headersOf({ headers }: IncomingMessage): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/**
 * The bytes of a Blob. A pipeline ends its request without saying why: that they can't be read, of a file that changes
 * under it above all, is told to `fail`.
 */
async function* piecesOf(body: Blob, fail: (thrown: unknown) => void): AsyncIterable<Uint8Array> {
  try {
    yield* body.stream() as ReadableStream<Uint8Array>;
  } catch (thrown) {
    fail(thrown);
    throw thrown;
  }
}

/** We ask for no compression; a gateway may compress all the same. */
async function* decoded(answer: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = answer.headers['content-encoding']?.toLowerCase();
  if (encoding === undefined || encoding === 'identity') {
    yield* answer;
    return;
  }
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip();
  // What fails in either is thrown to the reader by the decoder.
  yield* pipeline(answer, decoder, () => {});
}
