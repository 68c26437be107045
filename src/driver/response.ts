import type { ModelTurn } from './request.js';

/** A whole reply. */
export interface GenerateResponse {
  /** The reply's text, thoughts left out. */
  text: string;
  /** The model that served, as the service names it; an alias becomes what it stood for. */
  model: string;
  /** Why the model stopped, by Gemini's names: `STOP` is a whole reply, `MAX_TOKENS` one cut short. */
  finishReason: string;
  usage: Usage;
  /** The reply as it goes back into the conversation. */
  turn: ModelTurn;
  /** The reply as it was spoken, where a Live model answered in sound; `text` is its transcript. */
  audio?: ReplyAudio;
  /** What it cost in US dollars, where the price is known. */
  costUsd?: number;
  /** True where the reply was taken from an earlier run: nothing was asked for, and nothing paid. */
  reused?: boolean;
}

/** Speech as a Live model sends it: 16-bit little-endian PCM, one channel. */
export interface ReplyAudio {
  pcm: Uint8Array;
  /** Samples a second; 24 000 for Gemini. */
  sampleRate: number;
}

/** Token counts of one or more calls. */
export interface Usage {
  promptTokens: number;
  outputTokens: number;
  /** Tokens spent on thinking; billed as output, and no part of `outputTokens`. */
  thoughtTokens: number;
  totalTokens: number;
}

/** A piece of a streamed reply. */
export interface StreamChunk {
  /** The text that is new in this chunk; may be empty. */
  text: string;
  /** True on the last chunk alone. */
  finished: boolean;
  metadata: ChunkMetadata;
  /** The whole reply, on the last chunk alone. */
  response?: GenerateResponse;
}

export interface ChunkMetadata {
  /** Output tokens so far, as far as the service has said. */
  tokensGenerated?: number;
  /** On the last chunk alone. */
  finishReason?: string;
}

export const zeroUsage: Usage = { promptTokens: 0, outputTokens: 0, thoughtTokens: 0, totalTokens: 0 };

/** The sum of two usages. */
export function addUsage(left: Usage, right: Usage): Usage {
  return {
    promptTokens: left.promptTokens + right.promptTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    thoughtTokens: left.thoughtTokens + right.thoughtTokens,
    totalTokens: left.totalTokens + right.totalTokens,
  };
}
