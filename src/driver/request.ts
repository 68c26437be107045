/** One call of a model: pure data, the same whoever carries it out. */
export interface GenerateRequest {
  /** The model asked for, without a `models/` prefix. */
  model: string;
  /** The conversation, oldest first, ending with the user's turn that is to be answered. */
  turns: readonly Turn[];
  /** The system instruction. */
  system?: string;
  parameters: GenerationParameters;
}

/** How the model shall generate. What is absent is left to the model's own default. */
export interface GenerationParameters {
  /** 0 to 2. */
  temperature?: number;
  /** Upper bound of the reply in tokens; thinking models spend it on thoughts too. */
  maxTokens?: number;
}

export type Turn = UserTurn | ModelTurn;

export interface UserTurn {
  role: 'user';
  parts: readonly Part[];
}

/** An earlier reply. */
export interface ModelTurn {
  role: 'model';
  /** The reply as plain text, for any model. */
  text: string;
  /** The model that was asked for it. `native` means something to that model alone. */
  model: string;
  /** The reply's parts as the provider sent them, thought signatures included: opaque outside the driver. */
  native?: unknown;
}

export type Part = TextPart | MediaPart;

export interface TextPart {
  type: 'text';
  text: string;
}

export interface MediaPart {
  type: 'media';
  /** For example `image/png`. */
  mimeType: string;
  /** The bytes, in standard base64. */
  base64: string;
}

/** The size of a part as it was before any encoding, in bytes. */
export function byteLengthOf(part: Part): number {
  return part.type === 'text' ? Buffer.byteLength(part.text) : Buffer.byteLength(part.base64, 'base64');
}
