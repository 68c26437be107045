/** A `GenerateContentResponse` in JSON. */
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

/** How the server replies to one request. Every field is optional. */
export interface ScriptedReply extends ReplyTiming {
  /** Default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** The chunks of the reply: one event each in a stream, else merged into one body. */
  chunks?: readonly WireReply[];
  /** The whole body instead of `chunks`, also for a stream: an object is sent as JSON, a string unchanged. */
  body?: object | string;
  /** The bytes of the body instead of `chunks`, each entry in a separate packet. */
  packets?: readonly (string | Uint8Array)[];
}

/** When the parts of a reply are sent, and how it ends. */
export interface ReplyTiming {
  /** The delay before the status line. */
  headersDelayMs?: number;
  /** The delay before each event except the first. */
  delayMs?: number;
  /** Awaited before each event or packet. */
  gate?: Gate;
  /**
   * How it ends: `end` normally; `destroy` and `reset` close the connection (FIN, RST) after the last event; `stall` keeps
   * it open forever; `destroy-before-headers` and `stall-before-headers` do so without sending anything.
   */
  end?: 'end' | 'destroy' | 'reset' | 'stall' | 'destroy-before-headers' | 'stall-before-headers';
}

/** Options of a text reply. */
export interface TextReplyOptions extends ReplyTiming {
  /** Default STOP; `null` omits it. */
  finishReason?: string | null;
  /** Sent in the last chunk. By default each piece of text and each thought is one token. */
  usage?: Record<string, unknown>;
  /** Thoughts before the text, one chunk each. */
  thoughts?: readonly string[];
  /** Sent in a separate last part without text, as the service does in streams. */
  thoughtSignature?: string;
  /** Default: the requested model. */
  modelVersion?: string;
  /** The token for the next hop, in the last chunk. */
  continuationToken?: string;
  headers?: Record<string, string>;
}

/** Creates a text reply. In a stream each piece is an event; otherwise the whole text is one body. */
export function textReply(pieces: string | readonly string[], options: TextReplyOptions = {}): ScriptedReply {
  const {
    finishReason = 'STOP',
    usage,
    thoughts = [],
    thoughtSignature,
    modelVersion,
    continuationToken,
    ...rest
  } = options;
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
          ...(isLast && continuationToken !== undefined && { continuationToken }),
          index: 0,
        },
      ],
      ...(isLast && { usageMetadata }),
      ...(modelVersion !== undefined && { modelVersion }),
    };
  });
  return { chunks, ...rest };
}

/** A picture or a sound of a reply. */
export interface WireMedia {
  mimeType: string;
  bytes: Uint8Array;
  thoughtSignature?: string;
}

/** Creates the part of a picture or a sound. */
export function createMediaPart({ mimeType, bytes, ...fields }: WireMedia): WirePart {
  return { inlineData: { mimeType, data: Buffer.from(bytes).toString('base64') }, ...fields };
}

/** Creates a reply with parts of any kind. In a stream each list of parts is an event. */
export function partsReply(lists: readonly (readonly WirePart[])[], options: TextReplyOptions = {}): ScriptedReply {
  const { finishReason = 'STOP', usage = countUsage(lists.length, 0), modelVersion, ...rest } = options;
  const chunks = lists.map((parts, index) => {
    const isLast = index === lists.length - 1;
    return {
      candidates: [{ content: { role: 'model', parts: [...parts] }, ...(isLast && finishReason && { finishReason }) }],
      ...(isLast && { usageMetadata: usage }),
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

/** Creates the reply to a blocked prompt: feedback and no candidates. */
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

/** Creates a reply that has a finish reason but no text. */
export function emptyReply(
  finishReason: string,
  usage: Record<string, unknown> = { promptTokenCount: 8 },
): ScriptedReply {
  return { chunks: [{ candidates: [{ content: { role: 'model' }, finishReason }], usageMetadata: usage }] };
}

/** Creates a reply from bytes, each entry in a separate packet. */
export function packetReply(...bytes: (string | Uint8Array)[]): ScriptedReply {
  return { packets: bytes };
}

/** Renders an event of a stream: `data: {…}` and a blank line. */
export function formatSseEvent(chunk: object, newline = '\n'): string {
  return `data: ${JSON.stringify(chunk)}${newline}${newline}`;
}

/** Creates a chunk with one piece of text, for `packetReply(formatSseEvent(createChunk('Hi', 'STOP')))`. */
export function createChunk(piece: string, finishReason?: string): WireReply {
  return {
    candidates: [{ content: { role: 'model', parts: [{ text: piece }] }, ...(finishReason && { finishReason }) }],
  };
}

/** Merges the chunks of a stream into the body that the service sends without streaming. */
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

/** Lets a test control when the events of a scripted reply are sent. */
export interface Gate {
  /** Allows `count` more events; 1 by default. */
  release(count?: number): void;
  /** Allows all further events. */
  releaseAll(): void;
  /** Resolves when the next event is allowed; the server awaits it before each event. */
  wait(): Promise<void>;
}

/** Creates a closed gate: a reply `textReply(['a', 'b'], { gate })` sends `a` after the first `gate.release()`. */
export function createGate(): Gate {
  let allowed = 0;
  const waiting: (() => void)[] = [];
  const releaseWaiting = () => {
    while (allowed > 0 && waiting.length > 0) {
      allowed -= 1;
      waiting.shift()?.();
    }
  };
  return {
    release(count = 1) {
      allowed += count;
      releaseWaiting();
    },
    releaseAll() {
      allowed = Number.POSITIVE_INFINITY;
      releaseWaiting();
    },
    wait() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        releaseWaiting();
      });
    },
  };
}
