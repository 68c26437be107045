import { expect, test } from 'vitest';
import type { GenerateRequest } from '../../src/driver/request.js';
import { createRehearsalDriver } from '../../src/rehearsal/rehearsal-driver.js';
import { createManualClock } from '../helpers/manual-clock.js';

const request: GenerateRequest = {
  model: 'gemini-3.8-flash',
  system: 'Be brief.',
  turns: [
    { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    { role: 'model', text: 'Hello', model: 'gemini-3.8-flash' },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'Grüße' },
        {
          type: 'media',
          mimeType: 'image/png',
          content: { from: 'bytes', base64: Buffer.from('12345').toString('base64') },
        },
      ],
    },
  ],
  parameters: { temperature: 0.5 },
};

test('the reply says that it is a rehearsal, and what would be sent', async () => {
  const response = await createRehearsalDriver().generate(request);
  expect(response.text).toBe(
    '[rehearsal] gemini-3.8-flash would reply to “Grüße” and 5 bytes of image/png, after 2 earlier turns, ' +
      'with a system instruction, temperature 0.5. Nothing was sent.',
  );
  expect(response).toMatchObject({ model: 'rehearsal', finishReason: 'STOP' });
});

test.each([
  [`${'word '.repeat(12)}word\nnext`, `${'word '.repeat(12).trim()}…`],
  [`a\n\n  b\t${'x'.repeat(90)}`, 'a b…'],
  ['x'.repeat(61), `${'x'.repeat(60)}…`],
  ['x'.repeat(60), 'x'.repeat(60)],
])(
  'the reply quotes at most 60 characters of a text, on one line and up to the end of a word if possible (%j)',
  async (text, quoted) => {
    const turns = [{ role: 'user' as const, parts: [{ type: 'text' as const, text }] }];
    const { text: reply } = await createRehearsalDriver().generate({ model: 'm', turns, parameters: {} });
    expect(reply).toBe(`[rehearsal] m would reply to “${quoted}”. Nothing was sent.`);
  },
);

test('the reply states the size of a media file, and the URL of other media; a URL loses its query, except for the id of a YouTube video', async () => {
  const url = 'https://example.org/a.png?signature=secret';
  const content = { from: 'file', path: '/x/film.mp4', byteLength: 20_000_000, sha256: 'abc' } as const;
  const { text } = await createRehearsalDriver().generate({
    ...request,
    turns: [
      {
        role: 'user',
        parts: [
          { type: 'media', mimeType: 'video/mp4', content },
          { type: 'media', content: { from: 'url-to-fetch', url } },
          { type: 'media', content: { from: 'url-for-service', uri: 'http://m.youtube.com/watch?v=abc&sig=secret' } },
          { type: 'media', content: { from: 'url-for-service', uri: 'http://m.youtube.com/watch?v=xyz' } },
        ],
      },
    ],
  });
  expect(text).toContain(
    'would reply to 20000000 bytes of video/mp4 and the content of https://example.org/a.png and ' +
      'a reference to http://m.youtube.com/watch?v=abc and a reference to http://m.youtube.com/watch?v=xyz,',
  );
});

test('streams the reply of `generate` token by token, with a pause between two tokens', async () => {
  const clock = createManualClock();
  const driver = createRehearsalDriver({ clock, tokenDelayMs: 8 });
  const texts: string[] = [];
  for await (const chunk of driver.generateStream(request)) {
    texts.push(chunk.text);
    if (chunk.finished) expect(chunk.response).toEqual(await driver.generate(request));
  }
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.join('')).toBe((await driver.generate(request)).text);
  // The last chunk has no token, and there is no pause before the first token.
  expect(clock.sleepsMs).toHaveLength(texts.length - 2);
});

test('a stream stops at once when its call is aborted', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const consume = async () => {
    for await (const _ of createRehearsalDriver().generateStream(request, { signal: controller.signal })) {
      controller.abort(reason);
    }
  };
  await expect(consume()).rejects.toBe(reason);
});
