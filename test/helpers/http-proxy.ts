import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * An HTTP proxy on loopback, as RFC 9110 has it: `CONNECT host:port` opens a tunnel, a request with a whole URL is passed
 * on. `names` says where the hosts live that no name service knows.
 */
export interface HttpProxy {
  port: number;
  /** `http://127.0.0.1:port` */
  url: string;
  /** What it was asked for, as the request line has it: `CONNECT host:443` or `POST http://host/path`. */
  asked: string[];
  /** Answers every request with this status from now on. */
  refuse(status: number): void;
  close(): Promise<void>;
}

export interface HttpProxyOptions {
  /** `user:password`, without which it answers 407. */
  credentials?: string;
  /** Ports on 127.0.0.1 by host names. */
  names?: Record<string, number>;
}

/** Starts the proxy on a free port of 127.0.0.1. */
export async function startHttpProxy({ credentials, names = {} }: HttpProxyOptions = {}): Promise<HttpProxy> {
  const sockets = new Set<Duplex>();
  const asked: string[] = [];
  let refusal: number | undefined;
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const refusalOf = ({ method, url, headers }: IncomingMessage) => {
    asked.push(`${method} ${url}`);
    return refusal ?? (wanted && headers['proxy-authorization'] !== wanted ? 407 : undefined);
  };
  const server = createServer((incoming, response) => {
    const status = refusalOf(incoming);
    if (status === undefined) passOn(incoming, response, names);
    else response.writeHead(status, { 'proxy-authenticate': 'Basic realm="proxy"' }).end('refused by the proxy');
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    const status = refusalOf(incoming);
    if (status !== undefined) return client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 7\r\n\r\nrefused`);
    openTunnel(incoming.url ?? '', client, names);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, url: `http://127.0.0.1:${port}`, asked },
    refuse: (status) => {
      refusal = status;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function passOn(incoming: IncomingMessage, response: ServerResponse, names: Record<string, number>): void {
  const target = new URL(incoming.url ?? '');
  const { method, headers } = incoming;
  const onward = request({
    ...{
      host: '127.0.0.1',
      port: names[target.hostname] ?? Number(target.port),
      path: target.pathname + target.search,
    },
    ...{ method, headers },
  });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  incoming.pipe(onward);
}

function openTunnel(target: string, client: Duplex, names: Record<string, number>): void {
  const [host = '', port] = target.split(':');
  const service = connect(names[host] ?? Number(port), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    service.pipe(client).pipe(service);
  });
  service.on('error', () => client.destroy());
  client.on('close', () => service.destroy());
}
