import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * An HTTP proxy on loopback (RFC 9110): `CONNECT host:port` opens a tunnel, and a request with an absolute URL is
 * forwarded. Every connection goes to 127.0.0.1.
 */
export interface HttpProxy {
  port: number;
  /** `http://127.0.0.1:port` */
  url: string;
  /** The request lines received: `CONNECT host:443` or `POST http://host/path`. */
  requestLines: string[];
  /** Makes it reject every request with this status from now on. */
  rejectRequests(status: number): void;
  close(): Promise<void>;
}

export interface HttpProxyOptions {
  /** `user:password`. A request without them gets a 407. */
  credentials?: string;
  /** Ports by host name. A request for any other host goes to the port in its URL. */
  hostPorts?: Record<string, number>;
}

/** Starts the proxy on a free port of 127.0.0.1. */
export async function startHttpProxy({ credentials, hostPorts = {} }: HttpProxyOptions = {}): Promise<HttpProxy> {
  const sockets = new Set<Duplex>();
  const requestLines: string[] = [];
  let rejectionStatus: number | undefined;
  const expectedCredentials = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  /** Records a request line, and returns the status with which the request is rejected, if it is. */
  const receiveRequest = ({ method, url, headers }: IncomingMessage) => {
    requestLines.push(`${method} ${url}`);
    return (
      rejectionStatus ??
      (expectedCredentials && headers['proxy-authorization'] !== expectedCredentials ? 407 : undefined)
    );
  };
  const server = createServer((incoming, response) => {
    const status = receiveRequest(incoming);
    if (status === undefined) forwardRequest(incoming, response, hostPorts);
    else response.writeHead(status, { 'proxy-authenticate': 'Basic realm="proxy"' }).end('refused by the proxy');
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    const status = receiveRequest(incoming);
    if (status !== undefined) return client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 7\r\n\r\nrefused`);
    openTunnel(incoming.url ?? '', client, hostPorts);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, url: `http://127.0.0.1:${port}`, requestLines },
    rejectRequests: (status) => {
      rejectionStatus = status;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function forwardRequest(incoming: IncomingMessage, response: ServerResponse, hostPorts: Record<string, number>): void {
  const target = new URL(incoming.url ?? '');
  const { method, headers } = incoming;
  const forwarded = request({
    ...{
      host: '127.0.0.1',
      port: hostPorts[target.hostname] ?? Number(target.port),
      path: target.pathname + target.search,
    },
    ...{ method, headers },
  });
  forwarded.on('response', (upstreamResponse) => {
    response.writeHead(upstreamResponse.statusCode ?? 0, upstreamResponse.headers);
    upstreamResponse.pipe(response);
  });
  forwarded.on('error', () => response.destroy());
  incoming.pipe(forwarded);
}

function openTunnel(target: string, client: Duplex, hostPorts: Record<string, number>): void {
  const [host = '', port] = target.split(':');
  const upstream = connect(hostPorts[host] ?? Number(port), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.pipe(client).pipe(upstream);
  });
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
}
