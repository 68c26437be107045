import type { Gate } from './replies.js';

/** A message of the server: an object is sent as JSON, a string or bytes unchanged. */
export type LiveFrame = object | string | Uint8Array;

/** How the server replies to one turn. */
export interface LiveScript {
  frames: readonly LiveFrame[];
  /** The delay before each frame except the first. */
  delayMs?: number;
  /** Awaited before each frame. */
  gate?: Gate;
  /** Whether JSON is sent in binary frames, as Google does (the default), or in text frames. */
  as?: 'binary' | 'text';
  /**
   * How the server closes the session after the last frame: with a code, with a FIN (`destroy`) or with an RST
   * (`reset`). By default the session stays open.
   */
  end?: LiveClose | 'destroy' | 'reset';
}

export interface LiveClose {
  code: number;
  reason: string;
}

/** What the server does to a connection instead of opening a session. */
export interface ConnectionScript {
  /**
   * When: `upgrade` before the WebSocket is open, `open` right after that, `setup` when the setup has arrived. The setup is
   * never completed.
   */
  at: 'upgrade' | 'open' | 'setup';
  /** An HTTP reply (at `upgrade`), a close, a frame (at `open` and `setup`), a destroyed socket, or nothing at all. */
  action:
    | { status: number; body: object | string; headers?: Record<string, string> }
    | LiveClose
    | { frame: LiveFrame }
    | 'destroy'
    | 'stall';
}

/** Options of a reply. */
export interface LiveReplyOptions extends Omit<LiveScript, 'frames'> {
  /** Thoughts before the reply, as text parts with `thought: true`. */
  thoughts?: readonly string[];
  usage?: Record<string, unknown>;
  /** False sends audio without a transcript. */
  transcript?: boolean;
  /**
   * False omits `finished: true` from the last piece of the transcript, as Google does. The driver then waits half a
   * second for more of the transcript.
   */
  finished?: boolean;
}

/** The audio bytes of each piece of a spoken reply: 20 ms at 24 kHz, 16 bits. */
export const bytesPerPiece = 960;

/** Creates a spoken reply: for each piece its transcript, then its audio. */
export function spokenReply(pieces: readonly string[], options: LiveReplyOptions = {}): LiveScript {
  const { thoughts = [], usage, transcript = true, finished = true, ...rest } = options;
  const finish = (index: number) => finished && index === pieces.length - 1 && { finished };
  const frames = [
    ...thoughts.map((text) => serverContent({ modelTurn: { parts: [{ text, thought: true }] } })),
    ...pieces.flatMap((text, index) => [
      ...(transcript ? [serverContent({ outputTranscription: { text, ...finish(index) } })] : []),
      serverContent({ modelTurn: { parts: [{ inlineData: createAudio(index) }] } }),
    ]),
    ...createTurnEnd(usage ?? countUsage(pieces.length, thoughts.length)),
  ];
  return { frames, ...rest };
}

/** Creates a text reply, one frame for each piece. */
export function writtenReply(pieces: readonly string[], options: LiveReplyOptions = {}): LiveScript {
  const { thoughts = [], usage, transcript: _, finished: __, ...rest } = options;
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

/** Creates a frame with server content. */
export function serverContent(fields: object): object {
  return { serverContent: fields };
}

/** Creates the frames that end a turn. */
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

/** Creates the audio of a piece: every byte identifies the piece. */
function createAudio(index: number): object {
  return { mimeType: 'audio/pcm;rate=24000', data: Buffer.alloc(bytesPerPiece, (index % 255) + 1).toString('base64') };
}

/** The codes and reasons with which Google closes sessions, as seen in issues of 2025 and 2026. */
export const closeFrames = {
  invalidArgument: { code: 1007, reason: 'Request contains an invalid argument.' },
  textUnsupported: { code: 1007, reason: 'Cannot extract voices from a non-audio request.' },
  invalidKey: { code: 1007, reason: 'API key not valid. Please pass a valid API key.' },
  unknownModel: (model: string) => ({
    code: 1008,
    reason: `models/${model} is not found for API version v1beta, or is not supported for bidi`.slice(0, 120),
  }),
  quota: { code: 1011, reason: 'You exceeded your current quota, please check your plan and billing details.' },
  credits: {
    code: 1011,
    reason:
      'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project',
  },
  internal: { code: 1011, reason: 'Internal error encountered.' },
  deadline: { code: 1011, reason: 'Deadline expired before operation could complete.' },
  goingAway: { code: 1001, reason: '' },
} as const satisfies Record<string, LiveClose | ((model: string) => LiveClose)>;
