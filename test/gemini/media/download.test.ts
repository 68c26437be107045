import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { CallContext } from '../../../src/driver/driver.js';
import type { GenerateRequest, MediaPart, MediaUrl } from '../../../src/driver/request.js';
import { download } from '../../../src/gemini/media/download.js';
import { findHostAddresses, isLinkLocal, isPrivate } from '../../../src/gemini/media/host-addresses.js';
import { canaryKey } from '../../helpers/boticelli.js';
import { mediaBytes } from '../../helpers/media-bytes.js';
import {
  type PageHandler,
  serveEndlessly,
  servePage,
  serveRedirect,
  serveThenStall,
  startWebServer,
  type WebServer,
} from '../../helpers/web-server.js';
import { createAbortableContext, createGeminiFixture, getError, model } from '../gemini-fixture.js';

const fixture = createGeminiFixture();
const pages: Record<string, PageHandler> = {};
let web: WebServer;
beforeEach(async () => {
  for (const path of Object.keys(pages)) delete pages[path];
  web = await startWebServer(pages);
});
afterEach(() => web.close());

/** A request with media at URLs. A URL that begins with `/` is a path of the web server. */
function createUrlRequest(...contents: (string | Partial<MediaUrl>)[]): GenerateRequest {
  const parts = contents.map((content): MediaPart => {
    const { url = '', ...more } = typeof content === 'string' ? { url: content } : content;
    return {
      type: 'media',
      content: { from: 'url-to-fetch', url: url.startsWith('/') ? web.url + url : url, ...more },
    };
  });
  return { model, turns: [{ role: 'user', parts }], parameters: {} };
}

const sentParts = (call = 0) => fixture.server.generateRequests[call]?.body.contents[0].parts;
const png = { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } };

describe('a URL', () => {
  test('is fetched once for all requests of a driver, and its server does not get the key', async () => {
    pages['/a.png'] = servePage(mediaBytes.png, 'image/png');
    const notes: string[] = [];
    const context: CallContext = { emit: (event) => void (event.type === 'note' && notes.push(event.message)) };
    const driver = fixture.driver({ apiKey: canaryKey });
    for (let call = 0; call < 3; call += 1)
      await driver.generate(createUrlRequest('/a.png?signature=secret', '/a.png?signature=secret'), context);
    expect(web.requests.map(({ path }) => path)).toEqual(['/a.png?signature=secret']);
    expect(JSON.stringify(web.requests)).not.toContain(canaryKey);
    expect(sentParts(2)).toEqual([png, png]);
    expect(notes).toEqual([`fetching ${web.url}/a.png`]);
  });

  test('may redirect; the login in the URL is sent only to the host of the URL', async () => {
    const other = await startWebServer({ '/a.png': servePage(mediaBytes.png) });
    onTestFinished(() => other.close());
    pages['/1'] = serveRedirect('/2', 301);
    pages['/2'] = serveRedirect(`${web.url}/3`, 307);
    pages['/3'] = serveRedirect(`${other.url}/a.png`, 303);
    await fixture.driver().generate(createUrlRequest(`${web.url.replace('//', '//me:pa%3Ass@')}/1`));
    const logins = [...web.requests, ...other.requests].map(({ headers }) => headers.authorization);
    const login = `Basic ${Buffer.from('me:pa:ss').toString('base64')}`;
    expect(logins).toEqual([login, login, login, undefined]);
    expect(sentParts()).toEqual([png]);
  });

  test('may redirect five times', async () => {
    for (const hop of [1, 2, 3, 4, 5]) pages[`/${hop}`] = serveRedirect(`/${hop + 1}`);
    pages['/6'] = servePage(mediaBytes.png);
    await fixture.driver().generate(createUrlRequest('/1'));
    expect(web.requests).toHaveLength(6);
  });

  test('may have a login with invalid percent escapes; these are sent unchanged', async () => {
    pages['/a.png'] = servePage(mediaBytes.png);
    await fixture.driver().generate(createUrlRequest(`${web.url.replace('//', '//me:100%@')}/a.png`));
    // Adjacent escapes are decoded together or not at all, so the invalid %FF keeps %40%C3%BC from being decoded.
    await fixture.driver().generate(createUrlRequest(`${web.url.replace('//', '//me:p%40%C3%BC%FF%@')}/a.png`));
    const logins = web.requests.map(({ headers }) => headers.authorization);
    const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;
    expect(logins).toEqual([basic('me:100%'), basic('me:p%40%C3%BC%FF%')]);
  });

  test('gets its type from its bytes; text gets its type from its server or its name', async () => {
    pages['/a.jpg'] = servePage(mediaBytes.png, 'application/octet-stream');
    pages['/table'] = servePage('a,b\n', 'text/csv; charset=utf-8');
    pages['/notes.md'] = servePage('# Notes', 'text/plain');
    await fixture.driver().generate(createUrlRequest('/a.jpg', '/table', '/notes.md'));
    const types = sentParts().map(({ inlineData }: { inlineData: { mimeType: string } }) => inlineData.mimeType);
    expect(types).toEqual(['image/png', 'text/csv', 'text/md']);
  });

  test('has its content uploaded through the Files API if it is too large for the request', async () => {
    pages['/film'] = servePage(Buffer.concat([mediaBytes.mp4, Buffer.alloc(16_000_000)]), 'video/mp4');
    await fixture.driver().generate(createUrlRequest('/film'));
    expect(sentParts()).toEqual([
      { fileData: { mimeType: 'video/mp4', fileUri: expect.stringContaining('/v1beta/files/') } },
    ]);
  });

  test('is sent as a reference if the service reads it itself: a YouTube video, a file of the Files API', async () => {
    const [film, file] = [
      'https://www.youtube.com/watch?v=abc',
      'https://generativelanguage.googleapis.com/v1beta/files/abc',
    ];
    await fixture.driver().generate(createUrlRequest(film, file));
    expect(sentParts()).toEqual([{ fileData: { fileUri: film } }, { fileData: { fileUri: file } }]);
  });
});

describe('a URL that fails', () => {
  const supportedTypes = 'supported image types: png, jpeg, webp, heic and heif';
  test.each<[string, PageHandler | undefined, string, boolean, string]>([
    ['gets a 404', undefined, 'no_input', false, "can't fetch WEB/a.png: the server answered 404"],
    [
      'gets a 503',
      (_, response) => response.writeHead(503).end(),
      'unavailable',
      true,
      "can't fetch WEB/a.png: the server answered 503",
    ],
    [
      'is interrupted',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
      'unavailable',
      true,
      'the download of WEB/a.png was interrupted: connection closed',
    ],
    [
      'does not have the type of its name',
      servePage('<!doctype html>', 'text/html'),
      'no_input',
      false,
      "the download can't be used: WEB/a.png is text, but its name says image/png",
    ],
    [
      'does not have the type that its server says',
      servePage(mediaBytes.png, 'application/pdf'),
      'no_input',
      false,
      "the download can't be used: WEB/a.png is image/png, but its server says application/pdf",
    ],
    ['is empty', servePage(''), 'no_input', false, "the download can't be used: WEB/a.png is empty"],
    [
      'redirects to a file',
      serveRedirect('file:///etc/passwd'),
      'no_input',
      false,
      'WEB/a.png redirects to a URL that is not http(s)',
    ],
    ['redirects endlessly', serveRedirect('/a.png'), 'no_input', false, 'WEB/a.png redirects more than 5 times'],
  ])('is reported without login and query if it %s', async (_what, answer, code, isTransient, message) => {
    if (answer) pages['/a.png'] = answer;
    const login = `${web.url.replace('//', '//me:secret@')}/a.png?signature=secret`;
    const error = await getError(fixture.driver().generate(createUrlRequest(login)));
    expect(error).toMatchObject({ code, isTransient, message: message.replace('WEB', web.url) });
    expect(JSON.stringify([error.message, error.hint, error.stack, String(error.cause)])).not.toContain('secret');
    // Earlier acts may have been sent, so the hint must not say that nothing was sent.
    expect(error.hint).not.toContain('nothing was sent');
    expect(fixture.server.generateRequests).toHaveLength(0);
  });

  test('is reported if its type is not the kind that the narrative declares', async () => {
    pages['/a'] = servePage(mediaBytes.pdf, 'application/pdf');
    const error = await getError(fixture.driver().generate(createUrlRequest({ url: '/a', kind: 'image' })));
    expect(error.message).toBe(`the download can't be used: ${web.url}/a is application/pdf; ${supportedTypes}`);
  });

  test('is reported with the host that refuses the connection, even after a redirect', async () => {
    const other = await startWebServer({});
    await other.close();
    pages['/b.png'] = serveRedirect(`${other.url}/c.png`);
    const reason = `no response from ${other.url.slice(7)}: connection refused`;
    for (const url of [`${other.url}/a.png`, `${web.url}/b.png`]) {
      const error = await getError(fixture.driver().generate(createUrlRequest(`${url}?signature=secret`)));
      expect(error).toMatchObject({
        code: 'unavailable',
        isTransient: true,
        message: `can't fetch ${url}: ${reason}`,
      });
    }
  });

  test('is reported with a hint about the URL, not the base URL, if the server does not speak TLS', async () => {
    const url = `${web.url.replace('http', 'https')}/a.png`;
    const error = await getError(fixture.driver().generate(createUrlRequest(url)));
    expect(error).toMatchObject({
      isTransient: false,
      hint: 'Check the URL in the narrative. This act was not sent.',
    });
    expect(error.message).toContain(`can't fetch ${url}: no response from ${web.url.slice(7)}: `);
  });

  test('is reported with the error of its proxy', async () => {
    const proxy = await startWebServer({});
    await proxy.close();
    const resolveProxy = (url: string) => (url.includes('media.invalid') ? proxy.url : undefined);
    const error = await getError(
      fixture.driver({ resolveProxy }).generate(createUrlRequest('http://media.invalid/a.png')),
    );
    expect(error.message).toBe(
      `can't fetch http://media.invalid/a.png: no response from the proxy ${proxy.url.slice(7)}: connection refused`,
    );
    expect(error.hint).toMatch(/^Check HTTPS_PROXY/);
  });

  test.each(['without', 'with'])('is rejected if its content is too large, %s a Content-Length', async (how) => {
    pages['/a.png'] =
      how === 'without'
        ? serveEndlessly()
        : (_, response) => response.writeHead(200, { 'content-length': 2_000_001 }).flushHeaders();
    const limits = { timeoutMs: 10_000, idleTimeoutMs: 10_000, maxBytes: 2_000_000 };
    const error = await getError(download({ url: `${web.url}/a.png`, signal: undefined, ...limits }));
    expect(error).toMatchObject({ code: 'no_input', message: `${web.url}/a.png is larger than 2 MB` });
  });

  test.each([
    ['does not answer', () => {}, { timeoutMs: 100 }, 'no complete response within 0.1 s'],
    ['stalls', serveThenStall(mediaBytes.png), { idleTimeoutMs: 100 }, 'no data for 0.1 s'],
  ])('times out if it %s', async (_what, answer, limits, reason) => {
    pages['/a.png'] = answer;
    const error = await getError(fixture.driver(limits).generate(createUrlRequest('/a.png')));
    expect(error).toMatchObject({ code: 'timeout', message: `can't fetch ${web.url}/a.png: ${reason}` });
  });

  test('is fetched again by the next attempt', async () => {
    pages['/a.png'] = (_, response) => response.writeHead(503).end();
    const driver = fixture.driver();
    await getError(driver.generate(createUrlRequest('/a.png')));
    pages['/a.png'] = servePage(mediaBytes.png);
    await driver.generate(createUrlRequest('/a.png'));
    expect(sentParts()).toEqual([png]);
  });
});

test('an abort during a download ends the call at once with its reason', async () => {
  pages['/a.png'] = serveThenStall(mediaBytes.png);
  const { controller, context } = createAbortableContext();
  const work = fixture.driver().generate(createUrlRequest('/a.png'), context);
  await web.waitForRequests(1);
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(work).rejects.toBe(reason);
});

describe('the addresses of hosts', () => {
  /** Returns the addresses of a URL's host. Without a proxy, a host name is looked up. */
  const find = async (url: string) => findHostAddresses(new URL(url), { usesProxy: false });
  test.each([
    ['http://169.254.169.254/latest/meta-data', 'link-local'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://[::ffff:169.254.169.254]/', 'link-local'],
    ['http://[64:ff9b::169.254.169.254]/', 'link-local'],
    ['http://0xa9fea9fe/', 'link-local'],
    ['http://10.1.2.3/', 'private'],
    ['http://172.31.0.1/', 'private'],
    ['http://192.168.1.1/', 'private'],
    ['http://100.100.100.200/', 'private'],
    ['http://127.1/', 'private'],
    ['http://0/', 'private'],
    ['http://[::1]/', 'private'],
    ['http://[::ffff:10.0.0.1]/', 'private'],
    ['http://[fd00:ec2::254]/', 'private'],
    ['http://[64:ff9b::127.0.0.1]/', 'private'],
    ['http://[64:ff9b::10.1.2.3]/', 'private'],
    ['http://[64:ff9b::172.31.0.1]/', 'private'],
    ['http://localhost/', 'private'],
    ['http://8.8.8.8/', 'public'],
    ['http://172.32.0.1/', 'public'],
    ['http://[2606:4700::1]/', 'public'],
    ['http://[64:ff9b::8.8.8.8]/', 'public'],
    ['http://[64:ff9b::172.32.0.1]/', 'public'],
  ])('%s is %s', async (url, expected) => {
    const addresses = await find(url);
    const kind = addresses.some(isLinkLocal) ? 'link-local' : addresses.some(isPrivate) ? 'private' : 'public';
    expect(kind).toBe(expected);
  });

  test('a link-local address is refused before anything is sent', async () => {
    const error = await getError(fixture.driver().generate(createUrlRequest('http://169.254.169.254/latest')));
    expect(error).toMatchObject({
      code: 'no_input',
      message: "can't fetch http://169.254.169.254/latest: 169.254.169.254 is a link-local address",
    });
    expect(fixture.server.requests).toHaveLength(0);
  });

  const options = { signal: undefined, timeoutMs: 5000, idleTimeoutMs: 5000 };
  /** Creates a lookup that returns the given addresses for these hosts, and the real addresses for other hosts. */
  const resolveAs = (hosts: Record<string, string>) => async (url: URL) =>
    url.hostname in hosts ? [{ address: hosts[url.hostname] ?? '', family: 4 }] : find(url.href);

  test('a name that resolves to a link-local address is refused', async () => {
    const findAddresses = resolveAs({ 'metadata.example': '169.254.169.254' });
    const error = await getError(download({ ...options, url: 'http://metadata.example/', findAddresses }));
    expect(error.message).toBe("can't fetch http://metadata.example/: metadata.example is a link-local address");
  });

  test('a redirect from a public address to a private one is refused, and one between private addresses is not', async () => {
    pages['/a'] = serveRedirect('/b', 302);
    pages['/b'] = servePage('secret');
    expect((await download({ ...options, url: `${web.url}/a` })).bytes.toString()).toBe('secret');
    // The first lookup also returns a public address, so the server counts as public. The connection uses the first
    // address, which is that of this machine. The second lookup, for the redirect, returns only this private address.
    let lookups = 0;
    const findAddresses = async () => {
      lookups += 1;
      return lookups === 1 ? [loopback, { address: '203.0.113.1', family: 4 }] : [loopback];
    };
    const error = await getError(download({ ...options, url: `${web.url}/a`, findAddresses }));
    expect(error).toMatchObject({ code: 'no_input', message: expect.stringMatching(/ is a private address$/) });
    expect(web.requests.map(({ path }) => path)).toEqual(['/a', '/b', '/a']);
  });

  test('a name is not looked up again for the connection, because the second lookup could return another address', async () => {
    pages['/b'] = servePage('text');
    const { port } = new URL(web.url);
    const findAddresses = async () => [loopback];
    // The name does not exist, so the connection must use the address that was checked.
    const { bytes } = await download({ ...options, url: `http://name.invalid:${port}/b`, findAddresses });
    expect(bytes.toString()).toBe('text');
  });

  test('a private address is refused where only public ones are allowed', async () => {
    const error = await getError(fixture.driver().generate(createUrlRequest({ url: '/a', publicOnly: true })));
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ is a private address$/);
    expect(web.requests).toHaveLength(0);
  });

  test('where only public addresses are allowed, a private one is refused even if another part was downloaded from it', async () => {
    pages['/a'] = servePage('text');
    const driver = fixture.driver();
    await driver.generate(createUrlRequest({ url: '/a' }));
    const error = await getError(driver.generate(createUrlRequest({ url: '/a', publicOnly: true })));
    expect(error.message).toMatch(/ is a private address$/);
  });
});

const loopback = { address: '127.0.0.1', family: 4 };
