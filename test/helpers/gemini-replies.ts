import type { Gate } from './gemini-gate.js';

/** A `GenerateContentResponse` as it stands on the wire. */
export interface WireReply {
  candidates?: { content?: { role?: string; parts?: WirePart[] }; finishReason?: string; [key: string]: unknown }[];
  usageMetadata?: Record<string, unknown>;
  modelVersion?: string;
  promptFeedback?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface WirePart {
  text?: string;
  thought?: boolean;
  thoughtSignature?: string;
  [key: string]: unknown;
}

/** How the server answers one request. Every field may be left out. */
export interface ScriptedReply extends ReplyTiming {
  /** 200 unless told. */
  status?: number;
  headers?: Record<string, string>;
  /** The reply: to a streamed request an event each, to a unary one merged into one body. */
  chunks?: readonly WireReply[];
  /** The whole body instead of `chunks`, for either kind of request: an object is sent as JSON, a string as it is. */
  body?: object | string;
  /** The body's very bytes instead of `chunks`, each in a packet of its own. */
  packets?: readonly (string | Uint8Array)[];
}

/** When the parts of an answer are sent, and how the answer ends. */
export interface ReplyTiming {
  /** Before the status line is sent. */
  headersDelayMs?: number;
  /** Before each event but the first. */
  delayMs?: number;
  /** Asked before each event (or packet). */
  gate?: Gate;
  /**
   * How it ends: `end` properly; `destroy` and `reset` end the connection (FIN, RST) after the last event, `stall` keeps
   * it open for ever; `destroy-before-headers` and `stall-before-headers` send nothing at all.
   */
  end?: 'end' | 'destroy' | 'reset' | 'stall' | 'destroy-before-headers' | 'stall-before-headers';
}

/** What a text reply has beside its text. */
export interface TextReplyOptions extends ReplyTiming {
  /** STOP unless told; `null` leaves it out of every chunk. */
  finishReason?: string | null;
  /** Sent whole in the last chunk; counted from the text unless told. */
  usage?: Record<string, unknown>;
  /** Thoughts that precede the text, a chunk each. */
  thoughts?: readonly string[];
  /** Sent in a last part of its own, without text, as the service does when it streams. */
  thoughtSignature?: string;
  /** The model asked for, unless told. */
  modelVersion?: string;
  headers?: Record<string, string>;
}

/** A reply in text. Pieces are an event each; a unary request gets the same text in one. */
export function textReply(pieces: string | readonly string[], options: TextReplyOptions = {}): ScriptedReply {
  const { finishReason = 'STOP', usage, thoughts = [], thoughtSignature, modelVersion, ...rest } = options;
  const list = typeof pieces === 'string' ? [pieces] : pieces;
  const parts: WirePart[] = [
    ...thoughts.map((thought) => ({ text: thought, thought: true })),
    ...list.map((piece) => ({ text: piece })),
    ...(thoughtSignature === undefined ? [] : [{ text: '', thoughtSignature }]),
  ];
  const usageMetadata = usage ?? countUsage(list.length, thoughts.length);
  const chunks = parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    return {
      candidates: [
        {
          content: { role: 'model', parts: [part] },
          ...(isLast && finishReason !== null && { finishReason }),
          index: 0,
        },
      ],
      ...(isLast && { usageMetadata }),
      ...(modelVersion !== undefined && { modelVersion }),
    };
  });
  return { chunks, ...rest };
}

function countUsage(outputTokens: number, thoughtTokens: number): Record<string, number> {
  return {
    promptTokenCount: 8,
    candidatesTokenCount: outputTokens,
    ...(thoughtTokens > 0 && { thoughtsTokenCount: thoughtTokens }),
    totalTokenCount: 8 + outputTokens + thoughtTokens,
  };
}

/** A prompt that the service refuses: feedback and no candidates. */
export function blockedPromptReply(blockReason = 'PROHIBITED_CONTENT', ratings: object[] = []): ScriptedReply {
  return {
    chunks: [
      {
        promptFeedback: { blockReason, ...(ratings.length > 0 && { safetyRatings: ratings }) },
        usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 },
      },
    ],
  };
}

/** A candidate without any text, as it ends for `finishReason`. */
export function emptyReply(
  finishReason: string,
  usage: Record<string, unknown> = { promptTokenCount: 8 },
): ScriptedReply {
  return { chunks: [{ candidates: [{ content: { role: 'model' }, finishReason }], usageMetadata: usage }] };
}

/** The body's very bytes, each entry in a packet of its own. */
export function packetReply(...bytes: (string | Uint8Array)[]): ScriptedReply {
  return { packets: bytes };
}

/** One event of a stream in text: `data: {…}` and a blank line. */
export function formatSseEvent(chunk: object, newline = '\n'): string {
  return `data: ${JSON.stringify(chunk)}${newline}${newline}`;
}

/** A chunk with one piece of text, for `packets(sseEvent(chunkOf('Hi', 'STOP')))`. */
export function createChunk(piece: string, finishReason?: string): WireReply {
  return {
    candidates: [{ content: { role: 'model', parts: [{ text: piece }] }, ...(finishReason && { finishReason }) }],
  };
}

/** The chunks of a stream as the one body that a unary request gets. */
export function mergeChunks(chunks: readonly WireReply[]): WireReply {
  const parts: WirePart[] = [];
  for (const part of chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])) {
    const last = parts.at(-1);
    const isMergeable = last && isPlainText(last) && isPlainText(part) && last.thought === part.thought;
    if (isMergeable) parts[parts.length - 1] = { ...last, text: `${last.text}${part.text}` };
    else parts.push(part);
  }
  const merged: WireReply = Object.assign({}, ...chunks);
  const candidates = chunks.flatMap((chunk) => chunk.candidates ?? []);
  if (candidates.length === 0) return merged;
  const content = { role: 'model', ...(parts.length > 0 && { parts }) };
  return { ...merged, candidates: [Object.assign({}, ...candidates, { content })] };
}

function isPlainText({ text, thought, ...others }: WirePart): boolean {
  return text !== undefined && Object.keys(others).length === 0;
}
