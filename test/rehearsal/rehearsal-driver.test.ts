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

test('a rehearsal says that it is one and what would have been sent', async () => {
  const response = await createRehearsalDriver().generate(request);
  expect(response.text).toBe(
    '[rehearsal] gemini-3.8-flash would be sent 3 turns; the last has 2 parts: 7 bytes of text, 5 bytes of image/png. ' +
      'With it go a system text of 9 bytes, temperature 0.5. Nothing was sent.',
  );
  expect(response).toMatchObject({ model: 'rehearsal', finishReason: 'STOP' });
});

test('a rehearsal says of media where they would come from, and shows no query of an address', async () => {
  const url = 'https://example.org/a.png?signature=secret';
  const content = { from: 'file', path: '/x/film.mp4', byteLength: 20_000_000, sha256: 'abc' } as const;
  const { text } = await createRehearsalDriver().generate({
    ...request,
    turns: [
      {
        role: 'user',
        parts: [
          { type: 'media', mimeType: 'video/mp4', content },
          { type: 'media', content: { from: 'address', url } },
          { type: 'media', content: { from: 'reference', uri: 'http://m.youtube.com/watch?v=abc&sig=secret' } },
          { type: 'media', content: { from: 'reference', uri: 'http://m.youtube.com/watch?v=xyz' } },
        ],
      },
    ],
  });
  expect(text).toContain(
    'the last has 4 parts: 20000000 bytes of video/mp4, what is fetched from https://example.org/a.png, ' +
      'a reference to http://m.youtube.com/watch?v=abc, a reference to http://m.youtube.com/watch?v=xyz.',
  );
});

test('a rehearsal streams the same reply token by token', async () => {
  const clock = createManualClock();
  const driver = createRehearsalDriver({ clock, tokenDelayMs: 8 });
  const texts: string[] = [];
  for await (const chunk of driver.generateStream(request)) {
    texts.push(chunk.text);
    if (chunk.finished) expect(chunk.response).toEqual(await driver.generate(request));
  }
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.join('')).toBe((await driver.generate(request)).text);
  expect(clock.sleepsMs).toHaveLength(texts.length - 2);
});

test('a rehearsal that is aborted stops at once', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const consume = async () => {
    for await (const _ of createRehearsalDriver().generateStream(request, { signal: controller.signal })) {
      controller.abort(reason);
    }
  };
  await expect(consume()).rejects.toBe(reason);
});
