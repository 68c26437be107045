import { expect, it } from 'vitest';
import type { MediaContent, MediaPart } from '../../../src/driver/request.js';
import { estimateTokens } from '../../../src/quota/limiter/estimate-tokens.js';

const file = (bytes: number): MediaContent => ({ from: 'file', path: '/x', byteLength: bytes, sha256: '' });
const estimated = (part: Omit<MediaPart, 'type'>) =>
  estimateTokens({ model: 'm', turns: [{ role: 'user', parts: [{ type: 'media', ...part }] }], parameters: {} });

it.each([
  ['a small picture is a tile', 'image/png', file(1000), 258],
  ['a large picture is several', 'image/jpeg', file(600_000), 4 * 258],
  ['a minute of video', 'video/mp4', file(60 * 250_000), 60 * 263],
  ['a minute of speech', 'audio/mp3', file(60 * 16_000), 60 * 32],
  ['a PDF of ten pages', 'application/pdf', file(500_000), 10 * 258],
  ['a text of 4000 letters', 'text/plain', file(4000), 1000],
  ['an address that is not fetched yet', 'audio/mp3', { from: 'address', url: 'https://x/a' } as const, 32],
  ['a film that only the service knows', undefined, { from: 'reference', uri: 'https://youtu.be/a' } as const, 15_780],
])('%s is estimated by its kind', (_what, mimeType, content, tokens) => {
  expect(estimated({ ...(mimeType !== undefined && { mimeType }), content })).toBe(tokens);
});
