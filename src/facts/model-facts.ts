/** The levels of thinking of all models. `xhigh` came with Gemini 4. */
export const thinkingLevels = ['minimal', 'low', 'medium', 'high', 'xhigh'] as const;

/** One of `thinkingLevels`. */
export type ThinkingLevel = (typeof thinkingLevels)[number];

/**
 * What is known about a model without asking the service. An absent field is unknown, unless it is documented
 * otherwise.
 */
export interface ModelFacts {
  /**
   * The API that serves the model: `generate` is REST, with or without streaming; `live` is the Live API, which does
   * not accept a JSON Schema; `both` means that either API serves it.
   */
  api: 'generate' | 'live' | 'both';
  /** The model thinks unless thinking is turned off, and `max_tokens` includes the thoughts. */
  thinksByDefault?: boolean;
  /** A Live model that does not reply in text: if text is requested, the service closes the connection with 1007. */
  isAudioOnly?: boolean;
  /** The amount of thinking can't be set. */
  hasFixedThinking?: boolean;
  /** The accepted levels of thinking. Empty if the model accepts only a number of tokens. */
  thinkingLevels?: readonly ThinkingLevel[];
  /** The level of thinking if none is set. */
  defaultThinkingLevel?: ThinkingLevel;
  /** Whether a request to show the thoughts is rejected: the model does not think, or it accepts no thinking config. */
  cannotShowThoughts?: boolean;
  /** Whether a number of tokens for thinking is rejected with 400. */
  rejectsThinkingBudget?: boolean;
  /** Whether `temperature`, `top_p` and `top_k` have no effect. */
  ignoresSampling?: boolean;
  /** Whether replies have pictures. */
  outputsImages?: boolean;
  /** The aspect ratios of pictures that can be requested. */
  imageAspectRatios?: readonly string[];
  /** The sizes of pictures that can be requested. Empty if the size can't be set. */
  imageSizes?: readonly string[];
  /** Whether replies over REST are speech. Such a model reads its prompt aloud. */
  outputsSpeech?: boolean;
  maxInputTokens?: number;
  /** The maximum length of a reply, thoughts included. For Gemini 4, prompt and reply share these tokens. */
  maxOutputTokens?: number;
  /** The most tokens of a reply that one request returns. Absent if one request returns the whole reply. */
  maxTokensPerRequest?: { streamed: number; unary: number };
  /** The earliest shutdown date that Google gives, past or future, as in `2026-12-01`. */
  retiresOn?: string;
  /** The model that serves requests for this one after its shutdown or deprecation. */
  routedTo?: string;
}

/** Whether a model accepts a level of thinking or a number of tokens for it. True if that is unknown. */
export function acceptsThinking(facts: ModelFacts, thinking: string | number): boolean {
  if (typeof thinking === 'number') return !facts.rejectsThinkingBudget;
  return facts.thinkingLevels?.some((level) => level === thinking) ?? true;
}

/** A model counts as retiring from this many days before its shutdown date. */
const retirementNoticeDays = 90;

/** Whether a model is shut down, or will be soon. @param now milliseconds since the epoch */
export function isRetiring({ retiresOn }: ModelFacts, now: number): boolean {
  return retiresOn !== undefined && Date.parse(retiresOn) - now <= retirementNoticeDays * 24 * 60 * 60 * 1000;
}

/** Returns the generation in a model's name: 3 for `gemini-3.8-flash`. Undefined for a name of another form. */
export function getGeneration(model: string): number | undefined {
  const [, generation] = /^gemini-(\d+)[.-]/.exec(model) ?? [];
  return generation === undefined ? undefined : Number(generation);
}
