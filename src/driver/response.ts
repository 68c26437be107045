import type { ModelTurn } from './request.js';
import type { ToolUse } from './tool-use.js';

/** A complete reply. */
export interface GenerateResponse extends ToolUse {
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
  /** What the price depends on besides `usage`. Absent if the service sent no such details. */
  tokenDetails?: TokenDetails;
  /**
   * The reply as a turn of the conversation. A long reply arrives in several requests, called hops. In the response to
   * the last hop, `turn` is the whole long reply, with the earlier hops (`finishedHops` of the request). `text` and
   * `usage` cover only the last hop until `withContinuation` joins the responses.
   */
  turn: ModelTurn;
  /** The token for the request of the next hop. Only with the finish reason `CONTINUATION`. */
  continuationToken?: string;
  /** The speech of a Live model; `text` is its transcript. */
  audio?: ReplyAudio;
  /** The cost in US dollars. Absent if the price or a count is unknown. */
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

/**
 * Token counts of one or more requests. A count that the service did not give is absent, which does not mean 0. The
 * exceptions are `cachedTokens` and `toolTokens`, which are also absent if they are 0.
 */
export interface Usage {
  /** All tokens of the prompt, including cached ones. */
  promptTokens?: number;
  /** The tokens of the prompt that came from the service's cache. They are cheaper. */
  cachedTokens?: number;
  /** Tokens that the service's tools, such as its search, added to the prompt. Not part of `promptTokens`. */
  toolTokens?: number;
  outputTokens?: number;
  /** Tokens of thoughts. They are billed as output, but `outputTokens` does not include them. */
  thoughtTokens?: number;
  totalTokens?: number;
}

/** What the price of a request depends on besides its usage. */
export interface TokenDetails {
  /** The tokens of the prompt by modality. */
  prompt?: TokensByModality;
  /** The cached tokens by modality. */
  cached?: TokensByModality;
  /** The tokens of the reply by modality, without thoughts. */
  output?: TokensByModality;
  /** The service tier that served the request, in lower case: `standard`, `flex` or `priority`. */
  serviceTier?: string;
  /** The number of web searches, which have a fee. Absent if there were none. */
  searches?: number;
  /** True if the service's count of cached or tool tokens is not a valid number. The cost is then unknown. */
  hasInvalidCount?: boolean;
}

/** Token counts by Gemini's name of the modality: `TEXT`, `IMAGE`, `VIDEO`, `AUDIO`, `DOCUMENT`. */
export type TokensByModality = Readonly<Record<string, number>>;

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

/** What is known about the reply when a chunk arrives. */
export interface ChunkMetadata {
  /** Output tokens so far, if the service has reported them. */
  tokensGenerated?: number;
  /** On the last chunk only. */
  finishReason?: string;
}

/** The usage of a run without requests. */
export const zeroUsage: Usage = { promptTokens: 0, outputTokens: 0, thoughtTokens: 0, totalTokens: 0 };

/** Adds two usages. The sum of a count is absent if it is unknown in either usage: a partial sum would be too low. */
export function addUsage(left: Usage, right: Usage): Usage {
  const sum: Usage = {};
  for (const name of ['promptTokens', 'outputTokens', 'thoughtTokens', 'totalTokens'] as const) {
    const [leftCount, rightCount] = [left[name], right[name]];
    const count = leftCount !== undefined && rightCount !== undefined ? leftCount + rightCount : undefined;
    // A sum beyond 2^53 is not exact. Only a service that sends nonsense gets there.
    if (count !== undefined && Number.isSafeInteger(count)) sum[name] = count;
  }
  // If the prompt was counted, an absent count of cached or tool tokens means 0.
  if (sum.promptTokens === undefined) return sum;
  for (const name of ['cachedTokens', 'toolTokens'] as const) {
    const count = (left[name] ?? 0) + (right[name] ?? 0);
    if (count > 0 && Number.isSafeInteger(count)) sum[name] = count;
  }
  return sum;
}

/** Creates the metadata of the last chunk. */
export function createFinalMetadata({ usage, finishReason }: Pick<GenerateResponse, 'usage' | 'finishReason'>) {
  return { ...(usage.outputTokens !== undefined && { tokensGenerated: usage.outputTokens }), finishReason };
}
