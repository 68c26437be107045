import type { Content, GenerateContentParameters, Part as SdkPart } from '@google/genai';
import type { GenerateRequest, ModelTurn, Part, Turn } from '../../driver/request.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { convertParameters } from './convert-parameters.js';

/** A request in the SDK's terms. */
export function convertRequest(request: GenerateRequest): GenerateContentParameters {
  const { turns, system, parameters } = request;
  const model = stripModelPrefix(request.model);
  return {
    model,
    contents: turns.map((turn) => convertTurn(turn, model)),
    config: {
      // On unless told: the SDK would make further requests on its own where the service offers a continuation, and
      // neither the quota nor the caller would know.
      automaticContinuation: false,
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
  const { content, mimeType } = part;
  const type = mimeType === undefined ? {} : { mimeType };
  if (content.from === 'bytes') return { inlineData: { ...type, data: content.base64 } };
  if (content.from === 'reference') return { fileData: { ...type, fileUri: content.uri } };
  throw new Error(`media from ${content.from} have to be delivered before they are sent`);
}

/** The parts as the model sent them: their thought signatures mean something to that model alone. */
function getNativeParts({ native, model: author }: ModelTurn, model: string): SdkPart[] | undefined {
  return Array.isArray(native) && native.length > 0 && stripModelPrefix(author) === model ? native : undefined;
}
