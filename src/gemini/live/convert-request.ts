import { isDeepStrictEqual } from 'node:util';
import type { Content, LiveConnectConfig, Modality } from '@google/genai';
import type { GenerateRequest, Turn } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { convertParameters, convertRequest, createThoughtsConfig } from '../rest/convert-request.js';
import type { LiveMode } from './options.js';
import type { LiveTurn } from './session.js';

/**
 * Creates the setup of a session, without what the Live API does not support: format, schema and stop sequences.
 * @param mode how the model takes prompts and sends replies
 * @param handle resumes the session that sent this handle. Default: a new session
 */
export function createLiveConfig(request: GenerateRequest, mode: LiveMode, handle?: string): LiveConnectConfig {
  const { system, parameters } = request;
  const { format, schema, stop, ...supported } = parameters;
  return {
    responseModalities: [mode.replyModality as Modality],
    ...(mode.replyModality === 'AUDIO' && { outputAudioTranscription: {} }),
    sessionResumption: handle === undefined ? {} : { handle },
    ...(system !== undefined && system !== '' && { systemInstruction: system }),
    ...(convertParameters(supported) as LiveConnectConfig),
    ...createThoughtsConfig(request),
  };
}

/** Identifies the setup of a session: conversations with different keys need different sessions. */
export function createSetupKey(request: GenerateRequest, mode: LiveMode): string {
  const { model, system = '', parameters } = request;
  return JSON.stringify([model, system, Object.entries(parameters).sort(), mode, createThoughtsConfig(request)]);
}

/** Whether the turns begin with the whole history and continue it. */
export function isContinuation(turns: readonly Turn[], history: readonly Turn[]): boolean {
  return turns.length > history.length && history.every((turn, index) => isSameTurn(turn, turns[index]));
}

/** Compares replies by their text only, because a Live session does not use `native`, the parts as Gemini sent them. */
function isSameTurn(left: Turn, right: Turn | undefined): boolean {
  if (left === right) return true;
  if (left.role === 'model') return right?.role === 'model' && left.text === right.text;
  return right?.role === 'user' && isDeepStrictEqual(left.parts, right.parts);
}

/**
 * Converts new turns to the form in which the model takes prompts.
 * @throws BoticelliError `invalid_request` for media in realtime input, which accepts only text
 */
export function convertTurns(turns: readonly Turn[], request: GenerateRequest, mode: LiveMode): LiveTurn {
  const contents = convertContents({ ...request, turns });
  if (mode.promptsAs === 'clientContent') return { kind: 'clientContent', contents };
  const parts = contents.at(-1)?.parts ?? [];
  if (parts.some(({ text }) => text === undefined)) {
    throw new BoticelliError('invalid_request', `${request.model} takes only text prompts`, {
      hint: 'Remove the media, or use another model.',
    });
  }
  return { kind: 'realtimeInput', history: contents.slice(0, -1), prompt: parts.map(({ text }) => text).join('\n\n') };
}

/**
 * Converts turns. Replies are converted from `text`, not from `native`: the Live API does not use the thought
 * signatures in `native`.
 */
function convertContents(request: GenerateRequest): Content[] {
  const turns = request.turns.map((turn) => (turn.role === 'model' ? { ...turn, native: undefined } : turn));
  return convertRequest({ ...request, turns }).contents as Content[];
}
