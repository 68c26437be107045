import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Headers } from './minimal-fetch.js';
import { monitorProxy } from './proxy-errors.js';
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
export interface HttpResponse {
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
export async function sendHttpRequest(url: string | URL, { method = 'GET', headers = [], ...rest }: HttpRequest) {
  const target = new URL(url);
  const { request } = await loadHttpModule(target);
  const { body, signal, route } = rest;
  signal.throwIfAborted();
  const lengthHeader = body instanceof Blob ? { 'content-length': body.size } : {};
  const options = {
    method,
    headers: { ...Object.fromEntries(headers), ...lengthHeader },
    ...(route && { agent: route.agent }),
  };
  return new Promise<HttpResponse>((resolve, reject) => {
    const send = () => {
      const clientRequest = request(target, options);
      // Not `performance`, which takes 0.7 ms to load; a clock that is set meanwhile may cost one attempt.
      const sentAtMs = Date.now();
      const proxyMonitor = route && monitorProxy(clientRequest, { proxyHost: route.proxyHost, host: target.host });
      // Not by Node's own `signal`: its error is nobody's where an answer has just come to its end (Node 20.20).
      const destroy = () => clientRequest.destroy();
      signal.addEventListener('abort', destroy);
      clientRequest.on('close', () => signal.removeEventListener('abort', destroy));
      clientRequest.on('error', (error) => {
        // A Blob is read once.
        const shouldResend =
          isStaleConnectionError(clientRequest, error, Date.now() - sentAtMs) && !(body instanceof Blob);
        if (shouldResend && !signal.aborted) send();
        else reject(proxyMonitor?.classifyError(error) ?? error);
      });
      clientRequest.on('response', (response) => {
        // An error of the body reaches whoever reads it.
        response.on('error', () => {});
        const { statusCode: status = 0 } = response;
        const proxyError = proxyMonitor?.classifyStatus(status);
        if (proxyError) response.resume();
        if (proxyError) reject(proxyError);
        else resolve({ status, headers: convertHeaders(response), body: decodeBody(response), discard: destroy });
      });
      if (body instanceof Blob) pipeline(readBlob(body, reject), clientRequest, () => {});
      else clientRequest.end(body);
    };
    send();
  });
}

/** Longer than a round trip takes, shorter than a reply: who ends a connection later than this may have begun to work. */
const maxRoundTripMs = 1000;

/**
 * Whether a kept connection was closed by the other side just as it was used again, so that the request never came to be:
 * Node tells no more than this (https://nodejs.org/docs/latest-v20.x/api/http.html#requestreusedsocket, read 2026-11), and
 * browsers too take it for that. Sent again on the next connection, it costs neither an error nor a second appointment.
 */
function isStaleConnectionError(
  { reusedSocket, res }: { reusedSocket: boolean; res?: unknown },
  error: Error,
  elapsedMs: number,
): boolean {
  const code: unknown = Reflect.get(error, 'code');
  return reusedSocket && !res && (code === 'ECONNRESET' || code === 'EPIPE') && elapsedMs < maxRoundTripMs;
}

/** Loads what a request to an address needs. TLS alone takes 10 ms. */
export function loadHttpModule({ protocol }: URL): Promise<Pick<typeof import('node:http'), 'request'>> {
  return protocol === 'https:' ? import('node:https') : import('node:http');
}

/** The whole body as text. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

function convertHeaders({ headers }: IncomingMessage): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/**
 * The bytes of a Blob. A pipeline ends its request without saying why: that they can't be read, of a file that changes
 * under it above all, is told to `fail`.
 */
async function* readBlob(body: Blob, onError: (thrown: unknown) => void): AsyncIterable<Uint8Array> {
  try {
    yield* body.stream() as ReadableStream<Uint8Array>;
  } catch (thrown) {
    onError(thrown);
    throw thrown;
  }
}

/** We ask for no compression; a gateway may compress all the same. */
async function* decodeBody(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = response.headers['content-encoding']?.toLowerCase();
  if (encoding === undefined || encoding === 'identity') {
    yield* response;
    return;
  }
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip();
  // What fails in either is thrown to the reader by the decoder.
  yield* pipeline(response, decoder, () => {});
}
