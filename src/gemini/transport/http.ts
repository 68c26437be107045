import type { ClientRequest, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { BodyTooLarge, maxBodyBytes } from './body-limit.js';
import { Headers } from './minimal-fetch.js';
import { monitorProxy } from './proxy-errors.js';
import type { ProxyRoute } from './proxy-routes.js';

/** An HTTP request, in the form of fetch's arguments. */
export interface HttpRequest {
  method?: string | undefined;
  headers?: Iterable<readonly [string, string]>;
  /** A Blob is sent in pieces, as it is read. */
  body?: string | Uint8Array | Blob | undefined;
  /** Aborting closes the connection, even while the response's body is read. */
  signal: AbortSignal;
  /** The route through a proxy. Default: direct. */
  route?: ProxyRoute | undefined;
  /** Finds the address of a host. Default: the system's lookup. */
  lookup?: LookupFunction | undefined;
}

/**
 * A response whose body has not been read. Unless the request's signal aborts, the caller must read the body to its end
 * or call `discard`.
 */
export interface HttpResponse {
  status: number;
  headers: Headers;
  body: AsyncIterable<Uint8Array>;
  /** Closes the connection without reading the body. */
  discard(): void;
}

/**
 * Sends a request through node:http, which loads in a sixth of the time that fetch needs (see minimal-fetch.ts) and has
 * no time limits of its own. Does not follow redirects, because their target would receive the header with the key.
 * Rejects with Node's errors, or with a BoticelliError if a proxy caused the failure.
 */
export async function sendHttpRequest(url: string | URL, httpRequest: HttpRequest) {
  const target = new URL(url);
  const { request } = await loadHttpModule(target);
  const { method = 'GET', headers = [], body, signal, route, lookup } = httpRequest;
  signal.throwIfAborted();
  const lengthHeader = body instanceof Blob ? { 'content-length': body.size } : {};
  const options = {
    method,
    headers: { ...Object.fromEntries(headers), ...lengthHeader },
    ...(route && { agent: route.agent }),
    ...(lookup && { lookup }),
  };
  return new Promise<HttpResponse>((resolve, reject) => {
    const send = () => {
      const clientRequest = request(target, options);
      // `performance` is avoided because it takes 0.7 ms to load. If the clock is set during the request, at worst one
      // attempt fails.
      const sentAtMs = Date.now();
      const proxyMonitor = route && monitorProxy(clientRequest, route.proxyHost, target.host);
      const destroy = () => clientRequest.destroy();
      // Node's `signal` option is avoided because its error is unhandled if the response has just ended (Node 20.20).
      const abort = () => {
        destroy();
        // A request that still waits for its connection, for example to a proxy, emits nothing when it is destroyed.
        reject(new Error('aborted'));
      };
      let isResent = false;
      signal.addEventListener('abort', abort);
      clientRequest.on('close', () => {
        signal.removeEventListener('abort', abort);
        // This has no effect after a response or an error. Without it, a request that Node closes silently would never
        // settle.
        if (!isResent) reject(new Error('socket hang up'));
      });
      clientRequest.on('error', (error) => {
        const canResend = !(body instanceof Blob) && !signal.aborted;
        isResent = canResend && isStaleConnectionError(clientRequest, error, Date.now() - sentAtMs);
        if (isResent) send();
        else reject(proxyMonitor?.classifyError(error) ?? error);
      });
      attachResponseListeners(clientRequest, proxyMonitor, { resolve, reject });
      if (body instanceof Blob) pipeline(readBlob(body, reject), clientRequest, () => {});
      else clientRequest.end(body);
    };
    send();
  });
}

/**
 * Passes on the response when its headers have arrived. The listeners must settle the promise in the same tick as
 * Node's event, without `await`. The request's `close` event may follow at once, and its listener would reject the
 * promise.
 */
function attachResponseListeners(
  clientRequest: ClientRequest,
  proxyMonitor: ReturnType<typeof monitorProxy> | undefined,
  { resolve, reject }: { resolve: (response: HttpResponse) => void; reject: (error: Error) => void },
): void {
  const discard = () => clientRequest.destroy();
  clientRequest.on('response', (response) => {
    // Errors of the body are ignored here because they are thrown to its reader.
    response.on('error', () => {});
    const { statusCode: status = 0 } = response;
    const proxyError = proxyMonitor?.classifyStatus(status);
    if (!proxyError) return resolve({ status, headers: convertHeaders(response), body: decodeBody(response), discard });
    response.resume();
    reject(proxyError);
  });
  // Node emits `upgrade` for a response with status 101. No request asks for another protocol, so callers treat a 101
  // as an error. Without this listener, Node destroys the socket and emits no error (20.20).
  clientRequest.on('upgrade', (response, socket) => {
    const { statusCode: status = 101 } = response;
    resolve({ status, headers: convertHeaders(response), body: createEmptyBody(), discard });
    socket.destroy();
  });
}

/**
 * If the server had already closed the connection, its reset arrives within a round trip, which takes less than this
 * time. A later reset may come after the server has begun to process the request.
 */
const maxStaleResetMs = 1000;

/**
 * Whether the server closed a keep-alive connection just as it was reused, before it received the request. The evidence
 * is a reset of a reused connection within `maxStaleResetMs` and before any response. Node offers no better evidence
 * (https://nodejs.org/docs/latest-v20.x/api/http.html#requestreusedsocket, read 2026-11), and browsers use the same.
 * The request is then sent again on another connection, without an error and without another reservation.
 */
function isStaleConnectionError(request: ClientRequest, error: Error, elapsedMs: number): boolean {
  const code: unknown = Reflect.get(error, 'code');
  const isUnanswered = request.reusedSocket && !Reflect.get(request, 'res');
  return isUnanswered && (code === 'ECONNRESET' || code === 'EPIPE') && elapsedMs < maxStaleResetMs;
}

type HttpModule = Pick<typeof import('node:http'), 'request'>;

const httpModules = new Map<string, Promise<HttpModule>>();

/** Loads only the module that the URL needs, because TLS takes 10 ms to load. */
export function loadHttpModule({ protocol }: URL): Promise<HttpModule> {
  let module = httpModules.get(protocol);
  // The promise is kept, because in the bundle every `import()` copies the whole module.
  module ??= protocol === 'https:' ? import('node:https') : import('node:http');
  httpModules.set(protocol, module);
  return module;
}

/**
 * Reads the whole body as text.
 * @param maxBytes the maximum size of the body after decompression
 * @throws BodyTooLarge without reading the rest
 */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes = maxBodyBytes): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let totalBytes = 0;
  for await (const bytes of body) {
    totalBytes += bytes.length;
    if (totalBytes > maxBytes) throw new BodyTooLarge(maxBytes);
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

/** Reads up to `maxBytes` of the body as text. After a read error, returns what arrived before the error. */
export async function readBeginning(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytesLeft = maxBytes;
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes.subarray(0, bytesLeft), { stream: true });
      bytesLeft -= bytes.length;
      if (bytesLeft <= 0) break;
    }
  } catch {
    // The caller can use what arrived before.
  }
  return text;
}

async function* createEmptyBody(): AsyncIterable<Uint8Array> {}

/** Converts Node's headers to those of fetch. */
export function convertHeaders({ headers }: IncomingMessage): Headers {
  return new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/**
 * Reads a Blob. A read error, for example because the file has changed, is passed to `onError`, because the pipeline
 * ends the request without giving the reason.
 */
async function* readBlob(body: Blob, onError: (thrown: unknown) => void): AsyncIterable<Uint8Array> {
  try {
    yield* body.stream() as ReadableStream<Uint8Array>;
  } catch (thrown) {
    onError(thrown);
    throw thrown;
  }
}

/** Decompresses the body, because a gateway may compress it even though no request asks for compression. */
async function* decodeBody(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = response.headers['content-encoding']?.toLowerCase();
  if (!encoding || encoding === 'identity') {
    yield* response;
    return;
  }
  if (!/^(br|deflate|(x-)?gzip)$/.test(encoding)) {
    response.destroy();
    throw new Error(`the content encoding "${encoding}" is not supported`);
  }
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip();
  // The callback ignores errors because the decoder throws the errors of both streams to the reader.
  yield* pipeline(response, decoder, () => {});
}
