import { countHopTokens } from '../../driver/continuation.js';
import type { ReplyMedia } from '../../driver/reply-media.js';
import { type GenerateRequest, getByteLength, type MediaPart, type Part } from '../../driver/request.js';

/** "For Gemini models, a token is equivalent to about 4 characters" (ai.google.dev/gemini-api/docs/tokens, 2026-10). */
const charactersPerToken = 4;

/** Estimates the tokens of a text. */
export function estimateTextTokens(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}

/**
 * Estimates the prompt tokens of a request. The rate limiter corrects estimates with the token counts that it has seen.
 */
export function estimateTokens(request: GenerateRequest): number {
  const { turns, system = '' } = request;
  const tokensPerTurn = turns.map((turn) =>
    turn.role === 'model'
      ? turn.text.length / charactersPerToken + (turn.media ?? []).reduce((sum, media) => sum + estimateMedia(media), 0)
      : turn.parts.reduce((sum, part) => sum + estimatePart(part), 0),
  );
  // A long reply consists of several hops, each with a request of its own. In a later hop, the service counts the
  // output of the earlier hops as a part of the prompt. We infer this from the SDK (@google/genai 2.32): next to the
  // token count of the prompt, it has `initialPromptTokenCount`, the count without the output of the earlier hops.
  const hopAndSystemTokens = countHopTokens(request) + system.length / charactersPerToken;
  return Math.ceil(tokensPerTurn.reduce((sum, tokens) => sum + tokens, hopAndSystemTokens));
}

function estimatePart(part: Part): number {
  if (part.type === 'text') return part.text.length / charactersPerToken;
  const { tokens, bytes } = findMediaRate(part);
  // The size of content that is not loaded yet is unknown. The content counts as one image, second or page.
  return tokens * Math.ceil(Math.max(1, getByteLength(part)) / bytes);
}

/** Estimates the tokens of a picture or sound in an earlier reply. */
function estimateMedia({ mimeType, base64 }: ReplyMedia): number {
  return estimatePart({ type: 'media', mimeType, content: { from: 'bytes', base64 } });
}

/**
 * The token cost of media: `tokens` for every `bytes`, rounded up.
 *
 * Tokens: 258 per image, or per tile of a larger image; 263 per second of video, 32 per second of audio
 * (ai.google.dev/gemini-api/docs/tokens, read 2026-10); 258 per PDF page (docs/document-processing, read 2026-11).
 * Pixels, seconds and pages are unknown here, so `bytes` is a guess of their size: one second of video at 2 Mbit/s, of
 * speech at 128 kbit/s, of uncompressed sound at 800 kbit/s; one image of 150 kB; one PDF page of 50 kB.
 */
const mediaRates: readonly [RegExp, { tokens: number; bytes: number }][] = [
  [/^image\//, { tokens: 258, bytes: 150_000 }],
  [/^video\//, { tokens: 263, bytes: 250_000 }],
  [/^audio\/(wav|aiff|flac)$/, { tokens: 32, bytes: 100_000 }],
  [/^audio\//, { tokens: 32, bytes: 16_000 }],
  [/^application\/pdf$/, { tokens: 258, bytes: 50_000 }],
  [/^text\//, { tokens: 1, bytes: charactersPerToken }],
];

/**
 * Media at a URL that the service reads itself (`url-for-service`) counts as one minute of video if it may be a video.
 * All other media of an unknown type count as an image.
 */
function findMediaRate({ mimeType, content }: MediaPart): { tokens: number; bytes: number } {
  const kind = content.from === 'url-to-fetch' ? content.kind : undefined;
  const type = mimeType ?? (kind === undefined ? undefined : `${kind}/`);
  const mayBeVideo = content.from === 'url-for-service' && (type === undefined || type.startsWith('video/'));
  if (mayBeVideo) return { tokens: 263 * 60, bytes: 1 };
  const rate = mediaRates.find(([pattern]) => pattern.test(type ?? ''))?.[1];
  return rate ?? { tokens: 258, bytes: 150_000 };
}
