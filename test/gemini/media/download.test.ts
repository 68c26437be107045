import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { CallContext } from '../../../src/driver/driver.js';
import type { GenerateRequest, MediaPart, MediaUrl } from '../../../src/driver/request.js';
import { download } from '../../../src/gemini/media/download.js';
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

/** A request with what is at addresses; a path is one of the web server. */
function asking(...contents: (string | Partial<MediaUrl>)[]): GenerateRequest {
  const parts = contents.map((content): MediaPart => {
    const { url = '', ...more } = typeof content === 'string' ? { url: content } : content;
    return { type: 'media', content: { from: 'address', url: url.startsWith('/') ? web.url + url : url, ...more } };
  });
  return { model, turns: [{ role: 'user', parts }], parameters: {} };
}

const sentParts = (call = 0) => fixture.server.generateRequests[call]?.body.contents[0].parts;
const png = { inlineData: { mimeType: 'image/png', data: mediaBytes.png.toString('base64') } };

describe('what is at an address', () => {
  test('is fetched when the request is sent, once for all requests, and the key goes nowhere near it', async () => {
    pages['/a.png'] = servePage(mediaBytes.png, 'image/png');
    const notes: string[] = [];
    const context: CallContext = { emit: (event) => void (event.type === 'note' && notes.push(event.message)) };
    const driver = fixture.driver({ apiKey: canaryKey });
    for (const _ of [1, 2, 3])
      await driver.generate(asking('/a.png?signature=secret', '/a.png?signature=secret'), context);
    expect(web.requests.map(({ path }) => path)).toEqual(['/a.png?signature=secret']);
    expect(JSON.stringify(web.requests)).not.toContain(canaryKey);
    expect(sentParts(2)).toEqual([png, png]);
    expect(notes).toEqual([`fetching ${web.url}/a.png`]);
  });

  test('may be some redirects away, and a login goes along to the same host alone', async () => {
    const other = await startWebServer({ '/a.png': servePage(mediaBytes.png) });
    onTestFinished(() => other.close());
    pages['/1'] = serveRedirect('/2', 301);
    pages['/2'] = serveRedirect(`${web.url}/3`, 307);
    pages['/3'] = serveRedirect(`${other.url}/a.png`, 303);
    await fixture.driver().generate(asking(`${web.url.replace('//', '//me:pa%3Ass@')}/1`));
    const logins = [...web.requests, ...other.requests].map(({ headers }) => headers.authorization);
    const login = `Basic ${Buffer.from('me:pa:ss').toString('base64')}`;
    expect(logins).toEqual([login, login, login, undefined]);
    expect(sentParts()).toEqual([png]);
  });

  test('may have a login with a per cent sign in it, and escapes beside that', async () => {
    pages['/a.png'] = servePage(mediaBytes.png);
    await fixture.driver().generate(asking(`${web.url.replace('//', '//me:100%@')}/a.png`));
    await fixture.driver().generate(asking(`${web.url.replace('//', '//me:p%40%C3%BC%FF%@')}/a.png`));
    const logins = web.requests.map(({ headers }) => headers.authorization);
    const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;
    expect(logins).toEqual([basic('me:100%'), basic('me:p%40%C3%BC%FF%')]);
  });

  test('is what its bytes are, or what server and name say of a text', async () => {
    pages['/a.jpg'] = servePage(mediaBytes.png, 'application/octet-stream');
    pages['/table'] = servePage('a,b\n', 'text/csv; charset=utf-8');
    pages['/notes.md'] = servePage('# Notes', 'text/plain');
    await fixture.driver().generate(asking('/a.jpg', '/table', '/notes.md'));
    const types = sentParts().map(({ inlineData }: { inlineData: { mimeType: string } }) => inlineData.mimeType);
    expect(types).toEqual(['image/png', 'text/csv', 'text/md']);
  });

  test('goes ahead through the Files API where it is too large', async () => {
    pages['/film'] = servePage(Buffer.concat([mediaBytes.mp4, Buffer.alloc(16_000_000)]), 'video/mp4');
    await fixture.driver().generate(asking('/film'));
    expect(sentParts()).toEqual([
      { fileData: { mimeType: 'video/mp4', fileUri: expect.stringContaining('/v1beta/files/') } },
    ]);
  });

  test('is not fetched where the service has it: a film on YouTube, a file of the Files API', async () => {
    const [film, file] = [
      'https://www.youtube.com/watch?v=abc',
      'https://generativelanguage.googleapis.com/v1beta/files/abc',
    ];
    await fixture.driver().generate(asking(film, file));
    expect(sentParts()).toEqual([{ fileData: { fileUri: film } }, { fileData: { fileUri: file } }]);
  });
});

describe('what can not be fetched', () => {
  const readable = 'supported image types: png, jpeg, webp, heic and heif';
  test.each<[string, PageHandler | undefined, string, boolean, string]>([
    ['is not there', undefined, 'no_input', false, "WEB/a.png can't be fetched: its server answered 404"],
    [
      'fails',
      (_, response) => response.writeHead(503).end(),
      'unavailable',
      true,
      "WEB/a.png can't be fetched: its server answered 503",
    ],
    [
      'breaks off',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
      'unavailable',
      true,
      'the download of WEB/a.png broke off: it closed the connection',
    ],
    [
      'is another type than its name',
      servePage('<!doctype html>', 'text/html'),
      'no_input',
      false,
      "what was fetched can't be sent: WEB/a.png is text, not image/png as its name says",
    ],
    [
      'is another type than its server says',
      servePage(mediaBytes.png, 'application/pdf'),
      'no_input',
      false,
      "what was fetched can't be sent: WEB/a.png is image/png, but its server says application/pdf",
    ],
    ['is empty', servePage(''), 'no_input', false, "what was fetched can't be sent: WEB/a.png is empty"],
    [
      'sends on to a file',
      serveRedirect('file:///etc/passwd'),
      'no_input',
      false,
      'WEB/a.png sends on to what is no http(s) address',
    ],
    ['sends on without end', serveRedirect('/a.png'), 'no_input', false, 'WEB/a.png sends on more than 5 times'],
  ])('is told with its address alone: what %s', async (_what, answer, code, isTransient, words) => {
    if (answer) pages['/a.png'] = answer;
    const login = `${web.url.replace('//', '//me:secret@')}/a.png?signature=secret`;
    const error = await getError(fixture.driver().generate(asking(login)));
    expect(error).toMatchObject({ code, isTransient, message: words.replace('WEB', web.url) });
    expect(JSON.stringify([error.message, error.hint, error.stack, String(error.cause)])).not.toContain('secret');
    // Acts before it may have been sent.
    expect(error.hint).not.toContain('nothing was sent');
    expect(fixture.server.generateRequests).toHaveLength(0);
  });

  test('counts five redirects and no more', async () => {
    for (const hop of [1, 2, 3, 4, 5]) pages[`/${hop}`] = serveRedirect(`/${hop + 1}`);
    pages['/6'] = servePage(mediaBytes.png);
    await fixture.driver().generate(asking('/1'));
    expect(web.requests).toHaveLength(6);
  });

  test('is told where it is not of the kind that the narrative says', async () => {
    pages['/a'] = servePage(mediaBytes.pdf, 'application/pdf');
    const error = await getError(fixture.driver().generate(asking({ url: '/a', kind: 'image' })));
    expect(error.message).toBe(`what was fetched can't be sent: ${web.url}/a is application/pdf; ${readable}`);
  });

  test('is told with its address where nothing listens, there or where it sends on to', async () => {
    const other = await startWebServer({});
    await other.close();
    pages['/b.png'] = serveRedirect(`${other.url}/c.png`);
    const why = `there is no answer from ${other.url.slice(7)}: nothing listens there`;
    for (const url of [`${other.url}/a.png`, `${web.url}/b.png`]) {
      const error = await getError(fixture.driver().generate(asking(`${url}?signature=secret`)));
      expect(error).toMatchObject({
        code: 'unavailable',
        isTransient: true,
        message: `${url} can't be fetched: ${why}`,
      });
    }
  });

  test('is told of the address, not of the base URL, where TLS is spoken to who speaks none', async () => {
    const url = `${web.url.replace('http', 'https')}/a.png`;
    const error = await getError(fixture.driver().generate(asking(url)));
    expect(error).toMatchObject({
      isTransient: false,
      hint: 'Check the address in the narrative; this act was not sent.',
    });
    expect(error.message).toContain(`${url} can't be fetched: there is no answer from ${web.url.slice(7)}: `);
  });

  test('is told with the fault of its proxy', async () => {
    const proxy = await startWebServer({});
    await proxy.close();
    const resolveProxy = (asked: string) => (asked.includes('media.invalid') ? proxy.url : undefined);
    const error = await getError(fixture.driver({ resolveProxy }).generate(asking('http://media.invalid/a.png')));
    expect(error.message).toBe(
      `http://media.invalid/a.png can't be fetched: there is no answer from the proxy ${proxy.url.slice(7)}: nothing listens there`,
    );
    expect(error.hint).toMatch(/^Check HTTPS_PROXY/);
  });

  test.each(['endless', 'announced'])('is given up where it is too large: %s', async (how) => {
    pages['/a.png'] =
      how === 'endless'
        ? serveEndlessly()
        : (_, response) => response.writeHead(200, { 'content-length': 2_000_001 }).flushHeaders();
    const limits = { timeoutMs: 10_000, idleTimeoutMs: 10_000, maxBytes: 2_000_000 };
    const error = await getError(download({ url: `${web.url}/a.png`, signal: undefined, ...limits }));
    expect(error).toMatchObject({ code: 'no_input', message: `${web.url}/a.png is larger than 2 MB` });
  });

  test.each([
    ['answers nothing', () => {}, { timeoutMs: 100 }, 'it took longer than 0.1 s'],
    ['falls silent', serveThenStall(mediaBytes.png), { idleTimeoutMs: 100 }, 'it fell silent for 0.1 s'],
  ])('is given up in time: what %s', async (_what, answer, limits, why) => {
    pages['/a.png'] = answer;
    const error = await getError(fixture.driver(limits).generate(asking('/a.png')));
    expect(error).toMatchObject({ code: 'timeout', message: `${web.url}/a.png could not be fetched: ${why}` });
  });

  test('ends at once with the caller, whose reason it rejects with', async () => {
    pages['/a.png'] = serveThenStall(mediaBytes.png);
    const { controller, context } = createAbortableContext();
    const work = fixture.driver().generate(asking('/a.png'), context);
    await web.waitForRequests(1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });

  test('is tried again by the next attempt', async () => {
    pages['/a.png'] = (_, response) => response.writeHead(503).end();
    const driver = fixture.driver();
    await getError(driver.generate(asking('/a.png')));
    pages['/a.png'] = servePage(mediaBytes.png);
    await driver.generate(asking('/a.png'));
    expect(sentParts()).toEqual([png]);
  });
});
