import { type Clock, systemClock } from '../driver/clock.js';
import type { BoticelliDriver } from '../driver/driver.js';
import { byteLengthOf, type GenerateRequest, type Part, type Turn } from '../driver/request.js';
import type { GenerateResponse, StreamChunk } from '../driver/response.js';
import { addressWords } from '../media/address.js';

/** What stands as the model that served, in every output, so that nobody takes a rehearsal for a reply. */
export const rehearsalModel = 'rehearsal';

export interface RehearsalOptions {
  /** The pause between two tokens of a stream. Default 8. */
  tokenDelayMs?: number;
  clock?: Clock;
}

/**
 * A stand-in for a model: no network, no key, no quota. Its reply says that it is a rehearsal and what would have been
 * sent; the same request always gets the same reply.
 */
export function createRehearsalDriver({
  tokenDelayMs = 8,
  clock = systemClock,
}: RehearsalOptions = {}): BoticelliDriver {
  return {
    supportsStreaming: () => true,

    async generate(request, context) {
      context?.signal?.throwIfAborted();
      return rehearse(request);
    },

    async *generateStream(request, context): AsyncGenerator<StreamChunk> {
      context?.signal?.throwIfAborted();
      const response = rehearse(request);
      for (const [index, text] of tokensOf(response.text).entries()) {
        if (index > 0) await clock.sleep(tokenDelayMs, context?.signal);
        yield { text, finished: false, metadata: { tokensGenerated: index + 1 } };
      }
      const { finishReason, usage } = response;
      yield { text: '', finished: true, metadata: { tokensGenerated: usage.outputTokens, finishReason }, response };
    },
  };
}

function rehearse(request: GenerateRequest): GenerateResponse {
  const text = describe(request);
  const promptTokens = Math.ceil(request.turns.flatMap(partsOf).reduce((sum, part) => sum + byteLengthOf(part), 0) / 4);
  const outputTokens = tokensOf(text).length;
  return {
    text,
    model: rehearsalModel,
    finishReason: 'STOP',
    usage: { promptTokens, outputTokens, thoughtTokens: 0, totalTokens: promptTokens + outputTokens },
    turn: { role: 'model', text, model: rehearsalModel },
  };
}

/** For example: `[rehearsal] gemini-x would be sent 3 turns; the last has 2 parts: 12 bytes of text, …`. */
function describe({ model, turns, system, parameters }: GenerateRequest): string {
  const last = turns.at(-1);
  const parts = last ? partsOf(last) : [];
  const contents = parts.map(partWords);
  const settings = [
    ...(system === undefined ? [] : [`a system text of ${counted(Buffer.byteLength(system), 'byte')}`]),
    ...Object.entries(parameters).map(parameterWords),
  ];
  return [
    `[rehearsal] ${model} would be sent ${counted(turns.length, 'turn')};`,
    `the last has ${counted(parts.length, 'part')}: ${contents.join(', ')}.`,
    ...(settings.length > 0 ? [`With it go ${settings.join(', ')}.`] : []),
    'Nothing was sent.',
  ].join(' ');
}

function partWords(part: Part): string {
  if (part.type === 'text') return `${counted(byteLengthOf(part), 'byte')} of text`;
  const { content, mimeType = 'a type yet unknown' } = part;
  if (content.from === 'address') return `what is fetched from ${addressWords(content.url)}`;
  if (content.from === 'reference') return `a reference to ${addressWords(content.uri)}`;
  return `${counted(byteLengthOf(part), 'byte')} of ${mimeType}`;
}

function parameterWords([name, value]: [string, unknown]): string {
  const words = typeof value === 'string' ? value : JSON.stringify(value);
  return name === 'schema' ? `a schema of ${counted(Buffer.byteLength(words), 'byte')}` : `${name} ${words}`;
}

function partsOf(turn: Turn): readonly Part[] {
  return turn.role === 'user' ? turn.parts : [{ type: 'text', text: turn.text }];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Words with the space before them: joined, they are the text again. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
