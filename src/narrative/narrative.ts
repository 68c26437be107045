import type { GenerationParameters, MediaContent, MediaKind } from '../driver/request.js';

/** A narrative that was read and found to be without fault. */
export interface Narrative {
  name: string;
  description?: string;
  /** The acts in the order in which they play; an act may stand in it more than once. */
  acts: readonly Act[];
  /** How many times the whole order plays, each time as a conversation of its own. Default 1. */
  carousel?: number;
  /** What `{{vars.name}}` stands for. A narrative that plays this one has its own values go first. */
  vars?: ReadonlyMap<string, string>;
  /** False: braces in texts are text. Default true. */
  templates?: boolean;
}

/** One act: one call of the driver. What is absent here is left to the run's defaults. */
export interface Act {
  name: string;
  model?: string;
  system?: string;
  parameters: GenerationParameters;
  /** The models to turn to when its own model's quota is used up. */
  fallback?: readonly string[];
  /** What of the conversation the act sees. Default `full`. */
  context?: ActContext;
  /** What the act says, in order: the parts of its user turn. One narrative alone: it is played instead of a call. */
  inputs: readonly Input[];
}

/**
 * Every act before it, the one just before it, none, or these acts by name: the prompt and the reply of each, of an act
 * that has played more than once the latest ones.
 */
export type ActContext = 'full' | 'previous' | 'none' | readonly string[];

export type Input = TextInput | MediaInput | MediaTemplate | NarrativeInput;

export interface TextInput {
  type: 'text';
  /** May have `{{placeholders}}`, which are filled when the act plays. */
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

/** Where media come from. */
export type MediaSource = { file: string } | { url: string } | { base64: string };

/** A medium as the narrative describes it. */
export interface MediaSpec {
  source: MediaSource;
  /** The type that it states, in any spelling. */
  mime?: string | undefined;
  /** The kind that it has to be of. */
  kind?: MediaKind | undefined;
  /** The folder that relative paths start from. */
  folder: string;
  /** What messages call it; a file or an address is called by its name unless told. */
  label?: string | undefined;
}

/** A medium whose file name or address has `{{placeholders}}`: it is read under the name that they make when its act plays. */
export interface MediaTemplate {
  type: 'media-template';
  /** What the text names. */
  sourceKey: 'file' | 'url';
  text: string;
  spec: Omit<MediaSpec, 'source'>;
  /** What was read and judged together with the narrative, by its filled name: all that variables alone could tell. */
  loaded: ReadonlyMap<string, MediaInput>;
}

/** Another narrative: it is played as a conversation of its own, and its last reply is the text that stands here. */
export interface NarrativeInput {
  type: 'narrative';
  narrative: Narrative;
}

/** The narrative that an act plays instead of making a call of its own, if it does. */
export function getInnerNarrative({ inputs }: Pick<Act, 'inputs'>): Narrative | undefined {
  const [input] = inputs;
  return inputs.length === 1 && input?.type === 'narrative' ? input.narrative : undefined;
}

/** Every narrative that a narrative's acts play, itself first, each once. */
export function collectNarratives(narrative: Narrative): ReadonlySet<Narrative> {
  const narratives = new Set([narrative]);
  // A set that grows while it is walked.
  for (const { acts } of narratives) {
    for (const { inputs } of acts) {
      for (const input of inputs) if (input.type === 'narrative') narratives.add(input.narrative);
    }
  }
  return narratives;
}
