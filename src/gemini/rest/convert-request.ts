import type { Content, GenerateContentParameters, Part as WirePart } from '@google/genai';
import type { GenerateRequest, ModelTurn, Part, Turn } from '../../driver/request.js';
import { wireParameters } from './convert-parameters.js';

/** A request in the SDK's terms. */
export function wireRequest(request: GenerateRequest): GenerateContentParameters {
  const { turns, system, parameters } = request;
  const model = bareModel(request.model);
  return {
    model,
    contents: turns.map((turn) => wireTurn(turn, model)),
    config: {
      // On unless told: the SDK would make further requests on its own where the service offers a continuation, and
      // neither the quota nor the caller would know.
      automaticContinuation: false,
      ...(system !== undefined && system !== '' && { systemInstruction: system }),
      ...wireParameters(parameters),
    },
  };
}

/** A model's name without the prefix that the service lists it under. */
export function bareModel(name: string): string {
  return name.replace(/^models\//, '');
}

function wireTurn(turn: Turn, model: string): Content {
  if (turn.role === 'user') return { role: 'user', parts: turn.parts.map(wirePart) };
  return { role: 'model', parts: nativeParts(turn, model) ?? [{ text: turn.text }] };
}

function wirePart(part: Part): WirePart {
  if (part.type === 'text') return { text: part.text };
  const { content, mimeType } = part;
  const type = mimeType === undefined ? {} : { mimeType };
  if (content.from === 'bytes') return { inlineData: { ...type, data: content.base64 } };
  if (content.from === 'reference') return { fileData: { ...type, fileUri: content.uri } };
  throw new Error(`media from ${content.from} have to be delivered before they are sent`);
}

/** The parts as the model sent them: their thought signatures mean something to that model alone. */
function nativeParts({ native, model: author }: ModelTurn, model: string): WirePart[] | undefined {
  return Array.isArray(native) && native.length > 0 && bareModel(author) === model ? native : undefined;
}
