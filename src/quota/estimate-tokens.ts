import { byteLengthOf, type GenerateRequest, type Part } from '../driver/request.js';

/** "For Gemini models, a token is equivalent to about 4 characters" (ai.google.dev/gemini-api/docs/tokens, 2026-10). */
const charactersPerToken = 4;

/** What an image costs at the least, on the same page: 258 tokens, and as much for each tile of a larger one. */
const tokensPerImage = 258;

/** From where on an image is likely to be cut into several tiles; only its size is known here, not its pixels. */
const bytesPerTile = 150_000;

/** How many prompt tokens a request will count for, roughly: the quota book corrects it by what it has seen. */
export function estimateTokens({ turns, system = '' }: GenerateRequest): number {
  const perTurn = turns.map((turn) =>
    turn.role === 'model'
      ? turn.text.length / charactersPerToken
      : turn.parts.reduce((sum, part) => sum + ofPart(part), 0),
  );
  return Math.ceil(perTurn.reduce((sum, tokens) => sum + tokens, system.length / charactersPerToken));
}

function ofPart(part: Part): number {
  if (part.type === 'text') return part.text.length / charactersPerToken;
  return tokensPerImage * Math.ceil(byteLengthOf(part) / bytesPerTile);
}
