import type { GenerationParameters, MediaContent, MediaKind } from '../driver/request.js';

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

/** A medium that was found and judged, or will be when it is fetched. */
export interface MediaInput {
  /** What it shows; `media` where only its bytes will tell, once they are fetched. */
  type: MediaKind | 'media';
  /** In the spelling that the service takes. Absent where only the answer of its address tells it. */
  mimeType?: string;
  content: MediaContent;
  /** What messages call it: its file as the narrative names it, its address without query. */
  name: string;
}
