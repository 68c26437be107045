import { expect, it } from 'vitest';
import type { MediaContent, MediaPart } from '../../../src/driver/request.js';
import { estimateTokens } from '../../../src/quota/limiter/estimate-tokens.js';

const file = (bytes: number): MediaContent => ({ from: 'file', path: '/x', byteLength: bytes, sha256: '' });
const estimated = (part: Omit<MediaPart, 'type'>) =>
  estimateTokens({ model: 'm', turns: [{ role: 'user', parts: [{ type: 'media', ...part }] }], parameters: {} });

it.each([
  ['a small image as one tile', 'image/png', file(1000), 258],
  ['a large image as several tiles', 'image/jpeg', file(600_000), 4 * 258],
  ['a minute of video', 'video/mp4', file(60 * 250_000), 60 * 263],
  ['a minute of speech', 'audio/mp3', file(60 * 16_000), 60 * 32],
  ['a PDF of ten pages', 'application/pdf', file(500_000), 10 * 258],
  ['4000 characters of text', 'text/plain', file(4000), 1000],
  [
    'a sound that is not loaded yet as one second',
    'audio/mp3',
    { from: 'url-to-fetch', url: 'https://x/a' } as const,
    32,
  ],
  [
    'a remote file of unknown type as a minute of video',
    undefined,
    { from: 'url-for-service', uri: 'https://youtu.be/a' } as const,
    15_780,
  ],
])('estimates %s', (_what, mimeType, content, tokens) => {
  expect(estimated({ ...(mimeType !== undefined && { mimeType }), content })).toBe(tokens);
});

it('adds the tokens of the earlier hops of a long reply to those of the prompt', () => {
  const turn = { role: 'model', text: 'x', model: 'm' } as const;
  const finishedHops = [
    { token: 'continuation token a', turn, outputTokens: 30_000 },
    { token: 'continuation token b', turn, outputTokens: 20_000 },
  ];
  const turns = [{ role: 'user', parts: [{ type: 'text', text: 'four' }] }] as const;
  expect(estimateTokens({ model: 'm', turns, parameters: {}, finishedHops })).toBe(50_001);
});
