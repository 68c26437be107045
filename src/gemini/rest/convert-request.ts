import type {
  Content,
  GenerateContentConfig,
  GenerateContentParameters,
  HarmBlockThreshold,
  HarmCategory,
  MediaResolution,
  PartMediaResolutionLevel,
  Part as SdkPart,
  ServiceTier,
  ThinkingConfig,
  ThinkingLevel,
} from '@google/genai';
import type { ReplyMedia } from '../../driver/reply-media.js';
import type { GenerateRequest, GenerationParameters, ModelTurn, Part, Turn } from '../../driver/request.js';
import { getServiceTier } from '../../driver/service-tier.js';
import { builtInModels, isPictureModel, isRestSpeechModel } from '../../facts/models.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { convertTools } from '../tools/convert-tools.js';
import { removeThoughts } from './reply/thoughts.js';

/** Converts a request to the SDK's parameters. Media must be bytes or references already. */
export function convertRequest(request: GenerateRequest): GenerateContentParameters {
  const { turns, system, parameters, finishedHops } = request;
  const continuationToken = finishedHops?.at(-1)?.token;
  const model = stripModelPrefix(request.model);
  const serviceTier = getServiceTier(request);
  return {
    model,
    contents: convertTurns(turns, model),
    config: {
      // The SDK's default is true. The SDK would then send further requests by itself whenever the service offers a
      // continuation, and these requests would be neither counted in the quota nor visible to the caller.
      automaticContinuation: false,
      ...(continuationToken !== undefined && { continuationToken }),
      ...(system !== undefined && system !== '' && { systemInstruction: system }),
      ...convertParameters(parameters),
      ...createThoughtsConfig(request),
      ...(serviceTier !== undefined && { serviceTier: serviceTier as ServiceTier }),
      ...convertModalities(parameters, model),
    },
  };
}

/**
 * Returns a thinking config that also requests thoughts. It replaces the one of `convertParameters`.
 * Returns an empty object if thoughts are not requested, or if the model is known to reject a request for thoughts.
 */
export function createThoughtsConfig({ model, parameters: { thinking }, includeThoughts }: GenerateRequest) {
  if (!includeThoughts || builtInModels.get(stripModelPrefix(model))?.cannotShowThoughts) return {};
  return { thinkingConfig: { ...(thinking !== undefined && convertThinking(thinking)), includeThoughts } };
}

/**
 * Converts the turns. Pictures and sounds of another model become part of the user's next turn: the service rejects
 * a picture without a thought signature in a turn of a model ("Image part is missing a thought_signature", seen 2025-11
 * to 2026-06 in langchain-ai/langchain-google#1837 and others). A reply that then has nothing left is omitted, and the
 * turns of the user around it are joined.
 */
function convertTurns(turns: readonly Turn[], model: string): Content[] {
  const contents: Content[] = [];
  let mediaOfOtherModels: SdkPart[] = [];
  for (const turn of turns) {
    if (turn.role === 'model') {
      const native = getNativeParts(turn, model);
      if (!native) mediaOfOtherModels.push(...(turn.media ?? []).map(convertMedia));
      if (native || turn.text !== '') contents.push({ role: 'model', parts: native ?? [{ text: turn.text }] });
      continue;
    }
    const parts = [...mediaOfOtherModels, ...turn.parts.map(convertPart)];
    mediaOfOtherModels = [];
    const previous = contents.at(-1);
    if (previous?.role === 'user') previous.parts?.push(...parts);
    else contents.push({ role: 'user', parts });
  }
  return contents;
}

function convertMedia({ mimeType, base64 }: ReplyMedia): SdkPart {
  return { inlineData: { mimeType, data: base64 } };
}

function convertPart(part: Part): SdkPart {
  if (part.type === 'text') return { text: part.text };
  const { content, mimeType, mediaResolution } = part;
  const type = mimeType === undefined ? {} : { mimeType };
  const resolution = mediaResolution && {
    mediaResolution: { level: formatResolution(mediaResolution) as PartMediaResolutionLevel },
  };
  if (content.from === 'bytes') return { inlineData: { ...type, data: content.base64 }, ...resolution };
  if (content.from === 'url-for-service') return { fileData: { ...type, fileUri: content.uri }, ...resolution };
  throw new Error(`media from ${content.from} must be read or uploaded before the request is sent`);
}

/**
 * Returns the parts of a reply as its author, the model that wrote it, sent them. Returns undefined if the request is
 * for another model, which would reject the author's thought signatures.
 */
function getNativeParts({ native, model: author }: ModelTurn, model: string): SdkPart[] | undefined {
  if (!Array.isArray(native) || stripModelPrefix(author) !== model) return undefined;
  // Earlier versions of this program stored replies with their thoughts, which must not be sent back.
  const parts = removeThoughts(native);
  return parts.length > 0 ? parts : undefined;
}

/**
 * Asks for pictures or speech. The older picture models send only text unless they are asked for text and pictures
 * (ai.google.dev/gemini-api/docs/image-generation), and speech models reject a request for text
 * (docs/speech-generation, both read 2026-11-30). Models that do not draw reject the aspect ratio and the size of
 * pictures, so these are left out for them.
 */
function convertModalities({ image }: GenerationParameters, model: string): GenerateContentConfig {
  if (isRestSpeechModel(model)) return { responseModalities: ['AUDIO'] };
  if (!isPictureModel(model)) return {};
  const { aspectRatio, size } = image ?? {};
  const imageConfig = {
    ...(aspectRatio !== undefined && { aspectRatio }),
    ...(size !== undefined && { imageSize: size }),
  };
  return { responseModalities: ['TEXT', 'IMAGE'], ...(image && { imageConfig }) };
}

/** Converts the parameters. Those that the request does not set are omitted. */
export function convertParameters(parameters: GenerationParameters): GenerateContentConfig {
  const { temperature, maxTokens, topP, topK, seed, stop, thinking, safety, format, schema } = parameters;
  const { tools = [], mediaResolution } = parameters;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(seed !== undefined && { seed }),
    ...(stop && stop.length > 0 && { stopSequences: [...stop] }),
    ...(thinking !== undefined && { thinkingConfig: convertThinking(thinking) }),
    ...(safety && Object.keys(safety).length > 0 && { safetySettings: convertSafety(safety) }),
    ...(format === 'json' && { responseMimeType: 'application/json' }),
    // `responseSchema` is not used, because it is an OpenAPI dialect that does not support $ref or lists of types.
    ...(format === 'json' && schema && { responseJsonSchema: schema }),
    ...(tools.length > 0 && { tools: convertTools(tools) }),
    ...(mediaResolution && { mediaResolution: formatResolution(mediaResolution) as MediaResolution }),
  };
}

/**
 * Converts the thinking setting. Models before Gemini 3 accept only a number of tokens, and later models prefer a
 * level. The author of the narrative chooses which to use.
 */
function convertThinking(thinking: NonNullable<GenerationParameters['thinking']>): ThinkingConfig {
  return typeof thinking === 'number'
    ? { thinkingBudget: thinking }
    : { thinkingLevel: thinking.toUpperCase() as ThinkingLevel };
}

/** Formats a resolution as the API names it, both for a whole request and for one part. */
function formatResolution(resolution: NonNullable<GenerationParameters['mediaResolution']>): string {
  return `MEDIA_RESOLUTION_${resolution.toUpperCase()}`;
}

function convertSafety(safety: NonNullable<GenerationParameters['safety']>) {
  return Object.entries(safety).map(([category, threshold]) => ({
    category: category as HarmCategory,
    threshold: threshold as HarmBlockThreshold,
  }));
}
