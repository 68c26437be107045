import type { Gate } from './gemini-gate.js';

/** A message of the server: an object becomes a JSON frame, a string or bytes are sent as they are. */
export type LiveFrame = object | string | Uint8Array;

/** How the server answers one turn. */
export interface LiveScript {
  frames: readonly LiveFrame[];
  /** Before each frame but the first. */
  delayMs?: number;
  /** Asked before each frame. */
  gate?: Gate;
  /** Whether JSON goes in binary frames, as Google sends it, or in text frames. Binary unless told. */
  as?: 'binary' | 'text';
  /** After the last frame: closes with a code, or without one (FIN, RST). Left out, the session just goes on, or stalls. */
  end?: LiveClose | 'destroy' | 'reset';
}

export interface LiveClose {
  code: number;
  reason: string;
}

/** What happens to one connection instead of a session. */
export interface ConnectionScript {
  /**
   * When: `upgrade` before the WebSocket is there, `open` right after it, `setup` when the setup came. The session is then
   * never set up.
   */
  at: 'upgrade' | 'open' | 'setup';
  /** An HTTP answer (at `upgrade`), a close, a frame (at `open` and `setup`), or what else becomes of it. */
  action:
    | { status: number; body: object | string; headers?: Record<string, string> }
    | LiveClose
    | { frame: LiveFrame }
    | 'destroy'
    | 'stall';
}

/** What a spoken reply has beside its words. */
export interface LiveReplyOptions extends Omit<LiveScript, 'frames'> {
  /** Thoughts before the reply, as text parts with `thought: true`. */
  thoughts?: readonly string[];
  usage?: Record<string, unknown>;
  /** False leaves the words out: sound without a transcript. */
  transcript?: boolean;
}

/** How much sound a piece of a spoken reply brings: 20 ms at 24 kHz, 16 bits. */
export const bytesPerPiece = 960;

/** A reply in speech: for each piece its transcript, then its sound. */
export function spokenReply(pieces: readonly string[], options: LiveReplyOptions = {}): LiveScript {
  const { thoughts = [], usage, transcript = true, ...rest } = options;
  const frames = [
    ...thoughts.map((text) => serverContent({ modelTurn: { parts: [{ text, thought: true }] } })),
    ...pieces.flatMap((text, index) => [
      ...(transcript ? [serverContent({ outputTranscription: { text } })] : []),
      serverContent({ modelTurn: { parts: [{ inlineData: createAudio(index) }] } }),
    ]),
    ...createTurnEnd(usage ?? countUsage(pieces.length, thoughts.length)),
  ];
  return { frames, ...rest };
}

/** A reply in text, a frame a piece. */
export function writtenReply(pieces: readonly string[], options: LiveReplyOptions = {}): LiveScript {
  const { thoughts = [], usage, transcript: _, ...rest } = options;
  const createPart = (text: string, more = {}) => serverContent({ modelTurn: { parts: [{ text, ...more }] } });
  return {
    frames: [
      ...thoughts.map((thought) => createPart(thought, { thought: true })),
      ...pieces.map((piece) => createPart(piece)),
      ...createTurnEnd(usage ?? countUsage(pieces.length, thoughts.length)),
    ],
    ...rest,
  };
}

/** One frame with server content. */
export function serverContent(fields: object): object {
  return { serverContent: fields };
}

/** What ends every turn. */
export function createTurnEnd(usageMetadata: object = countUsage(1, 0)): object[] {
  return [serverContent({ generationComplete: true }), { ...serverContent({ turnComplete: true }), usageMetadata }];
}

function countUsage(outputTokens: number, thoughtTokens: number): Record<string, number> {
  return {
    promptTokenCount: 8,
    responseTokenCount: outputTokens,
    ...(thoughtTokens > 0 && { thoughtsTokenCount: thoughtTokens }),
    totalTokenCount: 8 + outputTokens + thoughtTokens,
  };
}

/** The sound of a piece: bytes that tell which piece it is. */
function createAudio(index: number): object {
  return { mimeType: 'audio/pcm;rate=24000', data: Buffer.alloc(bytesPerPiece, (index % 255) + 1).toString('base64') };
}

/** The codes and words that Google closes with, as seen in issues of 2025 and 2026. */
export const closeReasons = {
  invalidArgument: { code: 1007, reason: 'Request contains an invalid argument.' },
  textUnsupported: { code: 1007, reason: 'Cannot extract voices from a non-audio request.' },
  invalidKey: { code: 1007, reason: 'API key not valid. Please pass a valid API key.' },
  unknownModel: (model: string) => ({
    code: 1008,
    reason: `models/${model} is not found for API version v1beta, or is not supported for bidi`.slice(0, 120),
  }),
  quota: { code: 1011, reason: 'You exceeded your current quota, please check your plan and billing details.' },
  internal: { code: 1011, reason: 'Internal error encountered.' },
  deadline: { code: 1011, reason: 'Deadline expired before operation could complete.' },
  goingAway: { code: 1001, reason: '' },
} as const satisfies Record<string, LiveClose | ((model: string) => LiveClose)>;
