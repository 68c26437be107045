import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCondition } from './condition.js';

/** Replies to a request for a page. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server on loopback that serves media. */
export interface WebServer {
  /** The base URL, without a trailing slash. */
  url: string;
  /** All requests so far, in order of arrival. */
  requests: { path: string; headers: IncomingMessage['headers'] }[];
  /** Resolves when at least `count` requests have arrived. */
  waitForRequests(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server with the given pages by path; other paths get 404. */
export async function startWebServer(pages: Record<string, PageHandler>): Promise<WebServer> {
  const requests: WebServer['requests'] = [];
  const arrivals = createCondition();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push({ path, headers: request.headers });
    arrivals.notify();
    const page = pages[path.split('?')[0] ?? ''];
    if (page) page(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    waitForRequests: (count) => arrivals.waitUntil(() => requests.length >= count),
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Serves these bytes. */
export function servePage(body: Uint8Array | string, type?: string): PageHandler {
  return (_, response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body);
}

/** Redirects to a location. */
export function serveRedirect(location: string, status = 302): PageHandler {
  return (_, response) => response.writeHead(status, { location }).end();
}

/** Sends bytes without end, as fast as they are read. */
export function serveEndlessly(type = 'image/png'): PageHandler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': type });
    const piece = Buffer.alloc(65_536, 1);
    const writeMore = () => {
      while (response.write(piece));
    };
    response.on('drain', writeMore);
    writeMore();
  };
}

/** Sends the beginning of a page, then nothing more. */
export function serveThenStall(beginning: Uint8Array): PageHandler {
  return (_, response) => response.writeHead(200).write(beginning);
}
