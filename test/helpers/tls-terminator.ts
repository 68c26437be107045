import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';

/** A self-signed certificate, valid for two days. */
export interface Certificate {
  /** The path of the certificate (PEM), for `NODE_EXTRA_CA_CERTS`. */
  file: string;
  key: string;
  cert: string;
}

/** Creates a certificate for `gemini.test`, `localhost` and 127.0.0.1 in a folder, with openssl. */
export function makeCertificate(folder: string): Certificate {
  const file = join(folder, 'private-ca.pem');
  const keyFile = join(folder, 'private-key.pem');
  const names = 'subjectAltName=DNS:gemini.test,DNS:localhost,IP:127.0.0.1';
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const output = ['-keyout', keyFile, '-out', file, '-subj', '/CN=gemini.test', '-addext', names];
  execFileSync('openssl', ['req', '-x509', ...kind, ...output], { stdio: 'ignore' });
  return { file, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8') };
}

/** A server that decrypts TLS and forwards to a port of 127.0.0.1. */
export interface TlsTerminator {
  port: number;
  close(): Promise<void>;
}

/** Starts the server on a free port of 127.0.0.1. */
export async function startTlsTerminator({ key, cert }: Certificate, targetPort: number): Promise<TlsTerminator> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key, cert }, (client) => {
    sockets.add(client);
    const upstream = connect(targetPort, '127.0.0.1');
    upstream.pipe(client).pipe(upstream);
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}
