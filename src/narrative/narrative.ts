import type { GenerationParameters, MediaContent, MediaKind, MediaResolution } from '../driver/request.js';
import type { ServiceTier } from '../facts/service-tiers.js';
import { type Expectation, listExpectedTexts } from './expectations/expectation.js';

/** A valid narrative. */
export interface Narrative {
  name: string;
  description?: string;
  /** The acts in the order in which they run; an act may occur more than once. */
  acts: readonly Act[];
  /** How many times the acts run, each time in a new conversation: `carousel` in the file. Default 1. */
  rounds?: number;
  /** The values of `{{vars.name}}`. Values of the narrative that nests this one take precedence. */
  vars?: ReadonlyMap<string, string>;
  /** Whether placeholders in texts are filled. Default true. */
  templates?: boolean;
}

/** One act: one request to the driver. The run's defaults apply to absent settings. */
export interface Act {
  name: string;
  model?: string;
  system?: string;
  parameters: GenerationParameters;
  /** The models to use, in this order, when the quota of the act's own model is used up. */
  fallback?: readonly string[];
  /** The service tiers to use, in the order in which to try them. */
  serviceTiers?: readonly ServiceTier[];
  /** Which earlier acts the act sees. Default `full`. */
  context?: ActContext;
  /**
   * The parts of the act's user turn, in order. If the only input is a narrative, that narrative runs instead of a
   * request.
   */
  inputs: readonly Input[];
  /** What the reply has to meet. It is not part of the request. */
  expect?: readonly Expectation[];
}

/**
 * The acts that an act sees: all acts before it, the previous one, none, or the named acts. Each of them contributes
 * its prompt and its reply. A named act that ran more than once contributes only those of its latest run.
 */
export type ActContext = 'full' | 'previous' | 'none' | readonly string[];

/** A part of an act's user turn. */
export type Input = TextInput | MediaInput | MediaTemplate | NarrativeInput;

/** A text of the narrative. */
export interface TextInput {
  type: 'text';
  /** May contain `{{placeholders}}`, which are filled when the act runs. */
  content: string;
}

/** Media whose type is known, or detected when it is fetched. */
export interface MediaInput {
  /** The kind of the media, or `media` if the kind is known only when the bytes are fetched. */
  type: MediaKind | 'media';
  /** The MIME type as the service spells it. Absent if it is known only from the response of the URL. */
  mimeType?: string;
  content: MediaContent;
  /** The name in messages: the file as written in the narrative, or the URL without its query. */
  name: string;
  /** The resolution of this medium. Default: that of the act. */
  mediaResolution?: MediaResolution;
}

/** Where media comes from. */
export type MediaSource = { file: string } | { url: string } | { base64: string };

/**
 * Restricts a narrative to the files of one folder. This restriction applies if the user does not trust that folder,
 * and settings in that folder choose both the API key and the address of the service: the folder's author then receives
 * everything that is sent. Without this restriction, a narrative may read any file.
 */
export interface AllowedFolder {
  folder: string;
  /** Why other files are not allowed, as a clause. */
  reason: string;
  /** How the user can allow other files, as a sentence. */
  hint: string;
}

/** Media as described in the narrative. */
export interface MediaSpec {
  source: MediaSource;
  /** The declared MIME type, in any spelling. */
  mime?: string | undefined;
  /** The kind that the media must have. */
  kind?: MediaKind | undefined;
  /** The folder that paths are relative to. */
  folder: string;
  /**
   * Restricts reading to the files of one folder, and fetching to public addresses. Default: any file may be read, and
   * any URL fetched.
   */
  confinement?: AllowedFolder | undefined;
  /** The name in messages. Default: the name of the file or URL. */
  label?: string | undefined;
  /** The resolution of this medium. Default: that of the act. */
  mediaResolution?: MediaResolution | undefined;
}

/** Media whose file name or URL contains `{{placeholders}}`. It is read when its act runs, if it is not in `loaded`. */
export interface MediaTemplate {
  type: 'media-template';
  /** Whether `text` is a file name or a URL. */
  sourceKey: 'file' | 'url';
  /**
   * May contain placeholders. Their values are trimmed, because replies and piped standard input often end with a
   * newline, and file names do not.
   */
  text: string;
  spec: Omit<MediaSpec, 'source'>;
  /**
   * The media that was read together with the narrative, because `text` depends only on variables. The keys are the
   * rendered texts: there are several if the narrative is nested more than once with different variables.
   */
  loaded: ReadonlyMap<string, MediaInput>;
}

/** A nested narrative: it runs in its own conversation, and its last reply becomes the text of this input. */
export interface NarrativeInput {
  type: 'narrative';
  narrative: Narrative;
}

/**
 * Whether an act makes a request. An act whose only input is a narrative makes none: its reply is the last reply of
 * that narrative.
 */
export function makesRequest(act: Pick<Act, 'inputs'>): boolean {
  return getNestedNarrative(act) === undefined;
}

/**
 * Returns the narrative that runs instead of a request of the act. Returns undefined if the act makes a request, even
 * if narratives are among its inputs.
 */
export function getNestedNarrative({ inputs }: Pick<Act, 'inputs'>): Narrative | undefined {
  const [input] = inputs;
  return inputs.length === 1 && input?.type === 'narrative' ? input.narrative : undefined;
}

/** Returns the texts of an act that may have placeholders, including expected texts and the `file` or `url` of media. */
export function listTemplateTexts({ system, inputs, expect }: Act): string[] {
  const inputTexts = inputs.flatMap((input) => {
    if (input.type === 'media-template') return input.text;
    return input.type === 'text' ? input.content : [];
  });
  return [...(system === undefined ? [] : [system]), ...inputTexts, ...listExpectedTexts(expect)];
}

/** Collects a narrative and all narratives nested in it, each once, the outermost first. */
export function collectNarratives(narrative: Narrative): ReadonlySet<Narrative> {
  const narratives = new Set([narrative]);
  // The set grows during iteration.
  for (const { acts } of narratives) {
    for (const { inputs } of acts) {
      for (const input of inputs) if (input.type === 'narrative') narratives.add(input.narrative);
    }
  }
  return narratives;
}

/** Settings that apply to every act of a run. Except for `serviceTiers`, they take precedence over the file. */
export interface Overrides {
  model?: string;
  parameters: GenerationParameters;
  /** The service tiers of the acts that name none. */
  serviceTiers?: readonly ServiceTier[];
}

/** Returns a copy of the narrative, nested ones included, with the overrides applied. */
export function applyOverrides(narrative: Narrative, { model, parameters, serviceTiers }: Overrides): Narrative {
  // Each narrative is copied only once. If each one nested the next one twice, the copies would double at every level.
  const results = new Map<Narrative, Narrative>();
  const applyToNarrative = (original: Narrative): Narrative => {
    const existing = results.get(original);
    if (existing) return existing;
    const result = { ...original, acts: original.acts.map(applyToAct) };
    results.set(original, result);
    return result;
  };
  const applyToAct = (act: Act): Act => ({
    ...(serviceTiers && { serviceTiers }),
    ...act,
    ...(model !== undefined && { model }),
    parameters: { ...act.parameters, ...parameters },
    inputs: act.inputs.map((input) =>
      input.type === 'narrative' ? { ...input, narrative: applyToNarrative(input.narrative) } : input,
    ),
  });
  return applyToNarrative(narrative);
}
