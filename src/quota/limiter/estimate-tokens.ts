import { type GenerateRequest, getByteLength, type MediaPart, type Part } from '../../driver/request.js';

/** "For Gemini models, a token is equivalent to about 4 characters" (ai.google.dev/gemini-api/docs/tokens, 2026-10). */
const charactersPerToken = 4;

/** How many prompt tokens a request will count for, roughly: the quota book corrects it by what it has seen. */
export function estimateTokens({ turns, system = '' }: GenerateRequest): number {
  const tokensPerTurn = turns.map((turn) =>
    turn.role === 'model'
      ? turn.text.length / charactersPerToken
      : turn.parts.reduce((sum, part) => sum + estimatePart(part), 0),
  );
  return Math.ceil(tokensPerTurn.reduce((sum, tokens) => sum + tokens, system.length / charactersPerToken));
}

function estimatePart(part: Part): number {
  if (part.type === 'text') return part.text.length / charactersPerToken;
  const { tokens, bytes } = findMediaRate(part);
  // Of what is not here yet nothing is known but that it is something: it counts as one measure.
  return tokens * Math.ceil(Math.max(1, getByteLength(part)) / bytes);
}

/** What media cost by measure: so many tokens for each stretch of so many bytes. */
interface MediaRate {
  tokens: number;
  bytes: number;
}

/**
 * Tokens: an image is 258, and as much for each tile of a larger one; video 263 a second, audio 32 a second (docs/tokens,
 * read 2026-10); a page of a PDF 258 (docs/document-processing, read 2026-11). Bytes are guesses, for what is known here
 * is neither pixels nor seconds nor pages: a second of video at 2 Mbit, of speech at 128 kbit, of uncompressed sound.
 */
const mediaRates: readonly (readonly [RegExp, MediaRate])[] = [
  [/^image\//, { tokens: 258, bytes: 150_000 }],
  [/^video\//, { tokens: 263, bytes: 250_000 }],
  [/^audio\/(wav|aiff|flac)$/, { tokens: 32, bytes: 100_000 }],
  [/^audio\//, { tokens: 32, bytes: 16_000 }],
  [/^application\/pdf$/, { tokens: 258, bytes: 50_000 }],
  [/^text\//, { tokens: 1, bytes: charactersPerToken }],
];

/** A minute of video for what is not here and may be a film; an image for the rest. */
function findMediaRate({ mimeType, content }: MediaPart): MediaRate {
  const kind = content.from === 'address' ? content.kind : undefined;
  const type = mimeType ?? (kind === undefined ? undefined : `${kind}/`);
  const mayBeVideo = content.from === 'reference' && (type === undefined || type.startsWith('video/'));
  if (mayBeVideo) return { tokens: 263 * 60, bytes: 1 };
  const rate = mediaRates.find(([pattern]) => pattern.test(type ?? ''))?.[1];
  return rate ?? { tokens: 258, bytes: 150_000 };
}
