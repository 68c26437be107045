import type { WaitReason } from '../../driver/driver-events.js';
import { type GenerateRequest, type GenerationParameters, getByteLength, type Part } from '../../driver/request.js';

/** What the events of a run leave out. The executor's option `onDetail` receives it. */
export type ActDetail = ActPrompt | ActTiming;

interface DetailOfAct {
  /** The name of the act, as in its events. */
  act: string;
  /** Counts from 1. Present if the narrative has several rounds. */
  round?: number;
  /** Counts from 0 over the run. */
  index: number;
}

/** An act is about to call the driver, with this prompt. */
export interface ActPrompt extends DetailOfAct {
  type: 'act-prompt';
  prompt: Prompt;
}

/** A prompt as it is sent, without the content of media and without the earlier turns of the conversation. */
export interface Prompt {
  /** The requested model. */
  model: string;
  /** The parameters that the narrative or a flag sets. The model's defaults apply to absent ones. */
  parameters: GenerationParameters;
  system?: string;
  /** How many turns of the conversation are sent before this one. */
  earlierTurns: number;
  parts: readonly PromptPart[];
}

/** A part of a prompt: a text, or media without its content. */
export type PromptPart =
  | { type: 'text'; text: string }
  | {
      type: 'media';
      /** A file name, or a URL without its query. */
      name: string;
      mimeType?: string;
      /** Absent for a URL that is read when the request is sent, or by the service. */
      byteLength?: number;
    };

/** How an act spent its time. It is reported once the act has ended or failed, before its `act-end` event. */
export interface ActTiming extends DetailOfAct, ActTimes {
  type: 'act-timing';
}

/** Times in milliseconds. They count from the start of the act, except `startedAt` and durations. */
export interface ActTimes {
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
  /** The measured waits, in the order in which they ended. The `act-wait` events have the planned waits. */
  waits: readonly WaitSpan[];
  /** When failed attempts ended. The last attempt of the act is left out, even if it failed. */
  retriesMs?: readonly number[];
  /** When the first text arrived; only with streaming. */
  firstTokenMs?: number;
}

/** A wait of an act. */
export interface WaitSpan {
  reason: WaitReason;
  startMs: number;
  durationMs: number;
}

/** Describes what a request sends. Of its turns, describes only the last one and counts the others. */
export function describePrompt({ model, turns, system, parameters }: GenerateRequest): Prompt {
  const turn = turns.at(-1);
  const parts = turn?.role === 'user' ? turn.parts.map(describePart) : [];
  return { model, parameters, ...(system !== undefined && { system }), earlierTurns: turns.length - 1, parts };
}

function describePart(part: Part): PromptPart {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const { name = 'media', mimeType, content } = part;
  const isLocal = content.from === 'bytes' || content.from === 'file';
  return {
    ...{ type: 'media', name },
    ...(mimeType !== undefined && { mimeType }),
    ...(isLocal && { byteLength: getByteLength(part) }),
  };
}
