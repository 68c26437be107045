import type { ModelTurn } from './request.js';

/** A complete reply. */
export interface GenerateResponse {
  /** The reply's text without thoughts. */
  text: string;
  /** The name that the service gives to the model that served the request. Aliases are resolved. */
  model: string;
  /**
   * Why the model stopped, as the service writes it: `STOP` for a complete reply, `MAX_TOKENS` for a truncated one,
   * `CONTINUATION` for a hop of a longer one. Any other reason means that the reply may be incomplete
   * (facts/finish-reasons.ts).
   */
  finishReason: string;
  /** What the service says about the finish reason, on one line. */
  finishMessage?: string;
  usage: Usage;
  /**
   * The reply as a turn of the conversation. If the request has `finishedHops` and the reply ends here, the turn also
   * contains their parts; `text` and `usage` never do.
   */
  turn: ModelTurn;
  /** The service's token for the next hop of the reply. Only with the finish reason `CONTINUATION`. */
  continuationToken?: string;
  /** The speech of a Live model; `text` is its transcript. */
  audio?: ReplyAudio;
  /** The cost in US dollars. Absent if the price is unknown. */
  costUsd?: number;
  /** True if the reply was reused from an earlier run, so that no request was sent and nothing was billed. */
  reused?: boolean;
}

/** Speech as a Live model sends it: 16-bit little-endian PCM, one channel. */
export interface ReplyAudio {
  pcm: Uint8Array;
  /** Samples per second; 24 000 for Gemini. */
  sampleRate: number;
}

/** Token counts of one or more requests. */
export interface Usage {
  promptTokens: number;
  outputTokens: number;
  /** Tokens of thoughts. They are billed as output, but `outputTokens` does not include them. */
  thoughtTokens: number;
  totalTokens: number;
}

/** A piece of a streamed reply. */
export interface StreamChunk {
  /** The new text; may be empty. */
  text: string;
  /** True on the last chunk only. */
  finished: boolean;
  metadata: ChunkMetadata;
  /** The complete reply, on the last chunk only. */
  response?: GenerateResponse;
}

export interface ChunkMetadata {
  /** Output tokens so far, if the service has reported them. */
  tokensGenerated?: number;
  /** On the last chunk only. */
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
