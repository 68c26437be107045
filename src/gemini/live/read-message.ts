import type { LiveServerMessage, Part } from '@google/genai';
import { isRecord, toRecords } from '../../util/json.js';

type JsonObject = Record<string, unknown>;

/** The audio of one part: 16-bit PCM, a fraction of a second long. */
export interface SpeechChunk {
  pcm: Uint8Array;
  /** Samples per second; absent if the part does not say. */
  sampleRate?: number;
}

/** What one message says about its turn. */
export interface MessageUpdate {
  /** The message has parts of the model's turn. A thought is a part, too. */
  hasParts: boolean;
  /** The text of the parts, without thoughts. */
  writtenText: string;
  thoughts: string;
  /** The words that the message adds to the transcript of the speech. */
  transcript: string;
  /** The message marks the end of the transcript. */
  isTranscriptFinished: boolean;
  speech: readonly SpeechChunk[];
  /** Parts that are neither text nor speech, and calls of functions. */
  otherParts: readonly Part[];
  generationComplete: boolean;
  turnComplete: boolean;
  interrupted: boolean;
  /** `turnComplete` does not end the turn: the model goes on thinking and will speak again. */
  continuesAfterTurnComplete: boolean;
  turnCompleteReason: string;
  /** The whole `serverContent`. Its `groundingMetadata` and `urlContextMetadata` say what the tools did. */
  serverContent: JsonObject;
}

/** Reads a message. A field with a wrong type is treated like a missing field. */
export function readMessage({ serverContent, toolCall }: LiveServerMessage): MessageUpdate {
  const content = toRecord(serverContent);
  const { parts: unknownParts } = toRecord(content.modelTurn);
  const parts = toRecords(unknownParts);
  const transcription = toRecord(content.outputTranscription);
  const { writtenText, thoughts, speech, otherParts } = readParts(parts);
  const functionCalls = toRecords(toRecord(toolCall).functionCalls).map((functionCall): Part => ({ functionCall }));
  return {
    hasParts: parts.length > 0,
    writtenText,
    thoughts,
    speech,
    otherParts: [...otherParts, ...functionCalls],
    transcript: toText(transcription.text),
    isTranscriptFinished: transcription.finished === true,
    generationComplete: content.generationComplete === true,
    turnComplete: content.turnComplete === true,
    interrupted: content.interrupted === true,
    // gemini-3.8-live-extended-thinking closes a turn while it still thinks. The status is then IN_PROGRESS, and "more
    // model output may follow" (docs/live-guide and `InteractionStatus` of @google/genai 2.32, read 2026-11-30).
    continuesAfterTurnComplete: toText(content.interactionStatus).toUpperCase() === 'IN_PROGRESS',
    turnCompleteReason: toText(content.turnCompleteReason),
    serverContent: content,
  };
}

function readParts(parts: readonly JsonObject[]) {
  let writtenText = '';
  let thoughts = '';
  const speech: SpeechChunk[] = [];
  const otherParts: Part[] = [];
  for (const part of parts) {
    const chunk = readSpeech(part.inlineData);
    if (chunk) speech.push(chunk);
    else if (typeof part.text !== 'string') otherParts.push(part);
    else if (part.thought) thoughts += part.text;
    else writtenText += part.text;
  }
  return { writtenText, thoughts, speech, otherParts };
}

/** Reads audio such as `{"mimeType": "audio/pcm;rate=24000", "data": "<base64>"}`. */
function readSpeech(inlineData: unknown): SpeechChunk | undefined {
  const { mimeType, data } = toRecord(inlineData);
  if (typeof data !== 'string' || typeof mimeType !== 'string' || !/^audio\/(pcm|l16)/i.test(mimeType))
    return undefined;
  const sampleRate = Number(/rate=([1-9]\d{3,5})\b/i.exec(mimeType)?.[1]);
  return { pcm: Buffer.from(data, 'base64'), ...(sampleRate > 0 && { sampleRate }) };
}

function toRecord(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
