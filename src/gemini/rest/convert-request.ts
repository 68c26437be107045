import type {
  Content,
  GenerateContentConfig,
  GenerateContentParameters,
  HarmBlockThreshold,
  HarmCategory,
  MediaResolution,
  PartMediaResolutionLevel,
  Part as SdkPart,
  ThinkingConfig,
  ThinkingLevel,
} from '@google/genai';
import type { GenerateRequest, GenerationParameters, ModelTurn, Part, Turn } from '../../driver/request.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { convertTools } from '../tools/convert-tools.js';

/** Converts a request to the SDK's parameters. Media must have been delivered. */
export function convertRequest(request: GenerateRequest): GenerateContentParameters {
  const { turns, system, parameters, finishedHops } = request;
  const continuationToken = finishedHops?.at(-1)?.token;
  const model = stripModelPrefix(request.model);
  return {
    model,
    contents: turns.map((turn) => convertTurn(turn, model)),
    config: {
      // The SDK's default is true. The SDK would then send further requests by itself whenever the service offers a
      // continuation, and these requests would be neither counted in the quota nor visible to the caller.
      automaticContinuation: false,
      ...(continuationToken !== undefined && { continuationToken }),
      ...(system !== undefined && system !== '' && { systemInstruction: system }),
      ...convertParameters(parameters),
    },
  };
}

function convertTurn(turn: Turn, model: string): Content {
  if (turn.role === 'user') return { role: 'user', parts: turn.parts.map(convertPart) };
  return { role: 'model', parts: getNativeParts(turn, model) ?? [{ text: turn.text }] };
}

function convertPart(part: Part): SdkPart {
  if (part.type === 'text') return { text: part.text };
  const { content, mimeType, mediaResolution } = part;
  const type = mimeType === undefined ? {} : { mimeType };
  const resolution = mediaResolution && {
    mediaResolution: { level: formatResolution(mediaResolution) as PartMediaResolutionLevel },
  };
  if (content.from === 'bytes') return { inlineData: { ...type, data: content.base64 }, ...resolution };
  if (content.from === 'reference') return { fileData: { ...type, fileUri: content.uri }, ...resolution };
  throw new Error(`media from ${content.from} must be delivered before it is sent`);
}

/** Returns the parts as the model sent them, but only for that model: others reject its thought signatures. */
function getNativeParts({ native, model: author }: ModelTurn, model: string): SdkPart[] | undefined {
  return Array.isArray(native) && native.length > 0 && stripModelPrefix(author) === model ? native : undefined;
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

/** Formats a resolution as both enumerations of the API do. */
function formatResolution(resolution: NonNullable<GenerationParameters['mediaResolution']>): string {
  return `MEDIA_RESOLUTION_${resolution.toUpperCase()}`;
}

function convertSafety(safety: NonNullable<GenerationParameters['safety']>) {
  return Object.entries(safety).map(([category, threshold]) => ({
    category: category as HarmCategory,
    threshold: threshold as HarmBlockThreshold,
  }));
}
