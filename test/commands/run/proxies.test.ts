import { once } from 'node:events';
import { createServer as createHttpServer, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  type ProcessResult,
  runBoticelli,
} from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { type HttpProxyOptions, startHttpProxy } from '../../helpers/http-proxy.js';
import { runInProcess } from '../../helpers/in-process.js';
import { type Certificate, makeCertificate, startTlsTerminator } from '../../helpers/tls-terminator.js';

let server: GeminiServer;
let folder: string;
beforeEach(async () => {
  server = await startGeminiServer();
  folder = createTemporaryFolder(onTestFinished, { 'one.toml': buildNarrative(1), 'two.toml': buildNarrative(2) });
});
afterEach(() => server.close());

/** A host that only the proxy can resolve: a direct request gets no response. */
const host = 'gemini.test';

async function openProxy(options: HttpProxyOptions = {}) {
  const proxy = await startHttpProxy({ hostPorts: { [host]: server.port }, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Starts a TLS server that forwards to the Gemini server. */
async function openTls(): Promise<{ certificate: Certificate; port: number }> {
  const certificate = makeCertificate(folder);
  const terminator = await startTlsTerminator(certificate, server.port);
  onTestFinished(() => terminator.close());
  return { certificate, port: terminator.port };
}

/** Runs `one.toml` with `args`, by default `--retries 0`. Expects no key, password or stack in the output. */
async function run(env: Record<string, string>, ...args: string[]): Promise<ProcessResult> {
  const options = { cwd: folder, env: { GEMINI_API_KEY: canaryKey, ...env } };
  // Node reads the certificates of NODE_EXTRA_CA_CERTS only when a process starts, so the run needs a new process.
  const start = 'NODE_EXTRA_CA_CERTS' in env ? runBoticelli : runInProcess;
  const ended = await start(['run', 'one.toml', ...(args.length > 0 ? args : ['--retries', '0'])], options);
  expect(ended.stdout + ended.stderr).not.toMatch(/canary|s3cret/i);
  expect(ended.stderr).not.toMatch(/^ +at /m);
  return ended;
}

/** Creates a gateway that forwards requests below `path` to the Gemini server, and rejects all others with 404. */
function createGateway(path: string, serverPort: number) {
  return createHttpServer((incoming, response) => {
    if (!incoming.url?.startsWith(`${path}/v1beta/`)) return void response.writeHead(404).end();
    const { method, headers } = incoming;
    const onward = request({
      host: '127.0.0.1',
      port: serverPort,
      path: incoming.url.slice(path.length),
      method,
      headers,
    });
    onward.on('response', (reply) => reply.pipe(response.writeHead(reply.statusCode ?? 0, reply.headers)));
    incoming.pipe(onward);
  });
}

const reply = expect.stringContaining('Reply 1');

describe('a proxy from the environment', () => {
  test.each(['HTTPS_PROXY', 'all_proxy'])('in %s tunnels TLS', async (variable) => {
    const { certificate, port } = await openTls();
    const proxy = await openProxy({ hostPorts: { [host]: port } });
    const env = { GOOGLE_GEMINI_BASE_URL: `https://${host}`, NODE_EXTRA_CA_CERTS: certificate.file };
    for (const flags of [[], ['--stream']]) {
      expect(await run({ ...env, [variable]: proxy.url }, ...flags)).toMatchObject({ code: 0, stdout: reply });
    }
    expect(proxy.requestLines).toEqual([`CONNECT ${host}:443`, `CONNECT ${host}:443`]);
  });

  test.each(['HTTP_PROXY', 'http_proxy'])('in %s receives requests without TLS', async (variable) => {
    const proxy = await openProxy();
    const env = { GOOGLE_GEMINI_BASE_URL: `http://${host}`, [variable]: proxy.url };
    expect(await run(env)).toMatchObject({ code: 0, stdout: reply });
    expect(proxy.requestLines).toEqual([expect.stringMatching(/^POST http:\/\/gemini\.test\/v1beta\/models\//)]);
  });

  test('keeps its tunnel for all acts of a run, and may be named without http://', async () => {
    const { certificate, port } = await openTls();
    const proxy = await openProxy({ hostPorts: { [host]: port } });
    const { code } = await runBoticelli(['run', 'two.toml'], {
      cwd: folder,
      env: {
        GEMINI_API_KEY: canaryKey,
        GOOGLE_GEMINI_BASE_URL: `https://${host}`,
        NODE_EXTRA_CA_CERTS: certificate.file,
        HTTPS_PROXY: `127.0.0.1:${proxy.port}`,
      },
    });
    expect(code).toBe(0);
    expect(server.generateRequests).toHaveLength(2);
    expect(proxy.requestLines).toHaveLength(1);
  });

  test.each(['NO_PROXY', 'no_proxy'])('is not used for hosts in %s', async (variable) => {
    const proxy = await openProxy();
    const env = { GOOGLE_GEMINI_BASE_URL: server.url, HTTP_PROXY: proxy.url, [variable]: 'localhost,127.0.0.1' };
    expect(await run(env)).toMatchObject({ code: 0, stdout: reply });
    expect(proxy.requestLines).toEqual([]);
  });

  test('receives its user and password; neither they nor the key are printed, even with DEBUG=*', async () => {
    const { certificate, port } = await openTls();
    const tunnel = await openProxy({ hostPorts: { [host]: port }, credentials: 'me:s3cret word' });
    const plain = await openProxy({ credentials: 'me:s3cret word' });
    const withUser = (url: string) => url.replace('//', '//me:s3cret%20word@');
    const env = { DEBUG: '*', NODE_EXTRA_CA_CERTS: certificate.file, HTTPS_PROXY: withUser(tunnel.url) };
    expect(await run({ ...env, GOOGLE_GEMINI_BASE_URL: `https://${host}` }, '-v')).toMatchObject({ code: 0 });
    const withoutTls = { ...env, HTTP_PROXY: withUser(plain.url), GOOGLE_GEMINI_BASE_URL: `http://${host}` };
    expect(await run(withoutTls, '-v')).toMatchObject({ code: 0 });
    // The server does not see the credentials of a tunnel. Without a tunnel, the proxy of the test forwards them.
    expect(server.generateRequests.map(({ headers }) => headers['proxy-authorization'])).toEqual([
      undefined,
      expect.anything(),
    ]);
  });
});

describe('a failing proxy is named as the cause', () => {
  /** Returns the error and the hint of a run through a proxy, and expects that no request reached the server. */
  async function readErrorLines(env: Record<string, string>, exit = 69): Promise<string[]> {
    const { code, stdout, stderr } = await run(env);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(server.requests).toEqual([]);
    return stderr.split('\n').slice(-3, -1);
  }
  const schemes = [
    ['HTTPS_PROXY', `https://${host}`],
    ['HTTP_PROXY', `http://${host}`],
  ] as const;

  test.each(schemes)('if %s points to a closed port', async (variable, url) => {
    const { port, close } = await startHttpProxy();
    await close();
    const env = { GOOGLE_GEMINI_BASE_URL: url, [variable]: `http://me:s3cret@127.0.0.1:${port}` };
    const [message, hint] = await readErrorLines(env);
    expect(message).toBe(`boticelli: act_1: no response from the proxy 127.0.0.1:${port}: connection refused`);
    expect(hint).toContain('HTTPS_PROXY');
  });

  test.each(schemes)('if the proxy in %s needs another password', async (variable, url) => {
    const proxy = await openProxy({ credentials: 'me:right' });
    const address = proxy.url.replace('//', '//me:s3cret@');
    const [message, hint] = await readErrorLines({ GOOGLE_GEMINI_BASE_URL: url, [variable]: address });
    expect(message).toBe(
      `boticelli: act_1: the proxy 127.0.0.1:${proxy.port} requires a valid user and password (407 Proxy Authentication Required)`,
    );
    expect(hint).toContain('user:password@');
  });

  test.each([
    [502, '502 Bad Gateway'],
    [403, '403 Forbidden'],
  ])('if it answers CONNECT with %i', async (status, reason) => {
    const proxy = await openProxy();
    proxy.rejectRequests(status);
    const [message] = await readErrorLines({ GOOGLE_GEMINI_BASE_URL: `https://${host}`, HTTPS_PROXY: proxy.url });
    expect(message).toBe(`boticelli: act_1: the proxy 127.0.0.1:${proxy.port} did not connect to ${host}: ${reason}`);
  });

  test('if it is not a proxy', async () => {
    const other = createServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const [message] = await readErrorLines({
      GOOGLE_GEMINI_BASE_URL: `https://${host}`,
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
    });
    expect(message).toBe(`boticelli: act_1: no response from the proxy 127.0.0.1:${port}: connection closed`);
  });

  test('if its address is not valid', async () => {
    const env = { GOOGLE_GEMINI_BASE_URL: `https://${host}`, HTTPS_PROXY: 'socks5://me:s3cret@127.0.0.1:1080' };
    const [message, hint] = await readErrorLines(env, 78);
    expect(message).toBe('boticelli: act_1: the proxy URL is not valid');
    expect(hint).toContain('HTTPS_PROXY');
  });
});

test('an untrusted certificate ends the run without a retry, and the error names NODE_EXTRA_CA_CERTS', async () => {
  const { port } = await openTls();
  const { code, stderr } = await run({ GOOGLE_GEMINI_BASE_URL: `https://localhost:${port}` }, '--retries', '4');
  expect(code).toBe(69);
  expect(stderr).toContain(`the certificate of localhost:${port} is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT`);
  expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
  expect(stderr).not.toContain('attempt');
  expect(server.requests).toEqual([]);
});

describe('a gateway', () => {
  test('may have a path, with or without a slash at its end', async () => {
    const gateway = createGateway('/gateway/v1x', server.port).listen(0, '127.0.0.1');
    onTestFinished(() => void gateway.close());
    await once(gateway, 'listening');
    const { port } = gateway.address() as AddressInfo;
    for (const end of ['', '/']) {
      const env = { GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}/gateway/v1x${end}` };
      expect(await run(env, '--stream')).toMatchObject({ code: 0, stdout: reply });
    }
  });

  test.each([
    ['seconds', () => '1'],
    // A date has no fractions of a second, so the wait is between one and two seconds.
    ['a date', () => new Date(Date.now() + 2000).toUTCString()],
  ])('can say when to retry, with %s in Retry-After', async (_, retryAfter) => {
    server.queueReplies(() => ({ status: 503, body: 'later', headers: { 'retry-after': retryAfter() } }));
    const env = { GOOGLE_GEMINI_BASE_URL: server.url };
    expect(await run(env, '--retries', '1')).toMatchObject({ code: 0, stdout: reply });
    const [refused, served] = server.generateRequests;
    const waitedMs = (served?.receivedAtMs ?? 0) - (refused?.receivedAtMs ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(950);
    expect(waitedMs).toBeLessThan(5000);
  });
});
