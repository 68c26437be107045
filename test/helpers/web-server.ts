import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a page of the web server answers. */
export type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server on loopback, to fetch media from. */
export interface WebServer {
  /** Without a slash at its end. */
  url: string;
  /** Every request so far, in the order of arrival. */
  requests: { path: string; headers: IncomingMessage['headers'] }[];
  /** Resolves as soon as so many requests have arrived. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server with pages by their paths; every other path is 404. */
export async function startWebServer(pages: Record<string, Page>): Promise<WebServer> {
  const requests: WebServer['requests'] = [];
  const arrivals = new Set<() => void>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push({ path, headers: request.headers });
    for (const arrived of arrivals) arrived();
    const page = pages[path.split('?')[0] ?? ''];
    if (page) page(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    received: (count) =>
      new Promise((resolve) => {
        const arrived = () => {
          if (requests.length < count) return;
          arrivals.delete(arrived);
          resolve();
        };
        arrivals.add(arrived);
        arrived();
      }),
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** A page of these bytes. */
export function page(body: Uint8Array | string, type?: string): Page {
  return (_, response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body);
}

/** A page that sends on. */
export function redirect(location: string, status = 302): Page {
  return (_, response) => response.writeHead(status, { location }).end();
}

/** A page that never ends: it sends as fast as it is read. */
export function endless(type = 'image/png'): Page {
  return (_, response) => {
    response.writeHead(200, { 'content-type': type });
    const piece = Buffer.alloc(65_536, 1);
    const more = () => {
      while (response.write(piece));
    };
    response.on('drain', more);
    more();
  };
}

/** A page that begins and falls silent. */
export function stalled(beginning: Uint8Array): Page {
  return (_, response) => response.writeHead(200).write(beginning);
}
