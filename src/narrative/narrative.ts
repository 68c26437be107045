import type { GenerationParameters } from '../driver/request.js';

/** A narrative that was read and found to be without fault. */
export interface Narrative {
  name: string;
  description?: string;
  /** The acts in the order in which they play; an act may stand in it more than once. */
  acts: readonly Act[];
}

/** One act: one call of the driver. What is absent here is left to the run's defaults. */
export interface Act {
  name: string;
  model?: string;
  system?: string;
  parameters: GenerationParameters;
  /** The models to turn to when its own model's quota is used up. */
  fallback?: readonly string[];
  /** What the act says, in order: the parts of its user turn. */
  inputs: readonly Input[];
}

export type Input = TextInput | MediaInput;

export interface TextInput {
  type: 'text';
  content: string;
}

/** Media whose bytes were read and whose type was found out. */
export interface MediaInput {
  type: 'image' | 'audio' | 'video' | 'document';
  mimeType: string;
  /** The bytes, in standard base64. */
  base64: string;
}
