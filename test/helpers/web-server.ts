import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a page of the web server answers. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server on loopback, to fetch media from. */
export interface WebServer {
  /** Without a slash at its end. */
  url: string;
  /** Every request so far, in the order of arrival. */
  requests: { path: string; headers: IncomingMessage['headers'] }[];
  /** Resolves as soon as so many requests have arrived. */
  waitForRequests(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server with pages by their paths; every other path is 404. */
export async function startWebServer(pages: Record<string, PageHandler>): Promise<WebServer> {
  const requests: WebServer['requests'] = [];
  const arrivalListeners = new Set<() => void>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push({ path, headers: request.headers });
    for (const check of arrivalListeners) check();
    const page = pages[path.split('?')[0] ?? ''];
    if (page) page(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    waitForRequests: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (requests.length < count) return;
          arrivalListeners.delete(check);
          resolve();
        };
        arrivalListeners.add(check);
        check();
      }),
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** A page of these bytes. */
export function servePage(body: Uint8Array | string, type?: string): PageHandler {
  return (_, response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body);
}

/** A page that sends on. */
export function serveRedirect(location: string, status = 302): PageHandler {
  return (_, response) => response.writeHead(status, { location }).end();
}

/** A page that never ends: it sends as fast as it is read. */
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

/** A page that begins and falls silent. */
export function serveThenStall(beginning: Uint8Array): PageHandler {
  return (_, response) => response.writeHead(200).write(beginning);
}
