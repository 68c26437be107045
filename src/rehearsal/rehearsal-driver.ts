import { type Clock, systemClock } from '../driver/clock.js';
import type { BoticelliDriver, CallContext } from '../driver/driver.js';
import { type GenerateRequest, getByteLength, type Part, type Turn } from '../driver/request.js';
import { createFinalMetadata, type GenerateResponse, type StreamChunk } from '../driver/response.js';
import { redactUrl } from '../media/media-url.js';
import { sliceCharacters } from '../util/utf16.js';

/** The model name of rehearsed replies in every output, so that nobody mistakes them for real ones. */
export const rehearsalModel = 'rehearsal';

/** The options of `createRehearsalDriver`. */
export interface RehearsalOptions {
  /** The pause between two tokens of a stream, in milliseconds. Default 8. */
  tokenDelayMs?: number;
  clock?: Clock;
}

/**
 * Creates a driver that needs no network, key or quota. Its replies begin with `[rehearsal]` and describe what would be
 * sent. Equal requests get equal replies.
 */
export function createRehearsalDriver(options: RehearsalOptions = {}): BoticelliDriver {
  const { tokenDelayMs = 8, clock = systemClock } = options;
  let hasNoted = false;
  /** Warns that rehearsed replies are not checked, once: at the first call of an act with `expect`. */
  const noteUnchecked = ({ findMismatches, emit }: CallContext = {}) => {
    if (!findMismatches || hasNoted) return;
    hasNoted = true;
    emit?.({ type: 'note', about: 'reply', message: 'a rehearsal does not check "expect"', warning: true });
  };
  return {
    supportsStreaming: () => true,

    async generate(request, context) {
      context?.signal?.throwIfAborted();
      noteUnchecked(context);
      return createRehearsalResponse(request);
    },

    async *generateStream(request, context): AsyncGenerator<StreamChunk> {
      context?.signal?.throwIfAborted();
      noteUnchecked(context);
      const response = createRehearsalResponse(request);
      for (const [index, text] of splitTokens(response.text).entries()) {
        if (index > 0) await clock.sleep(tokenDelayMs, context?.signal);
        yield { text, finished: false, metadata: { tokensGenerated: index + 1 } };
      }
      yield { text: '', finished: true, metadata: createFinalMetadata(response), response };
    },
  };
}

function createRehearsalResponse(request: GenerateRequest): GenerateResponse {
  const text = renderReplyText(request);
  const promptBytes = request.turns.flatMap(getParts).reduce((sum, part) => sum + getByteLength(part), 0);
  const promptTokens = Math.ceil(promptBytes / 4);
  const outputTokens = splitTokens(text).length;
  return {
    text,
    model: rehearsalModel,
    finishReason: 'STOP',
    usage: { promptTokens, outputTokens, thoughtTokens: 0, totalTokens: promptTokens + outputTokens },
    turn: { role: 'model', text, model: rehearsalModel },
  };
}

/**
 * Describes what would be sent, for example: `[rehearsal] gemini-x would reply to “Write a …” and 5 bytes of image/png,
 * after 2 earlier turns. Nothing was sent.`
 */
function renderReplyText({ model, turns, system, parameters, serviceTiers }: GenerateRequest): string {
  const parts = turns.slice(-1).flatMap(getParts);
  const earlierTurns = turns.length - 1;
  const details = [
    ...(system === undefined ? [] : ['a system instruction']),
    ...Object.entries(parameters).map(formatParameter),
    ...(serviceTiers ? [`the service tier ${serviceTiers.join(', else ')}`] : []),
  ];
  return [
    `[rehearsal] ${model} would reply to ${parts.map(formatPart).join(' and ')}`,
    ...(earlierTurns > 0 ? [`, after ${formatCount(earlierTurns, 'earlier turn')}`] : []),
    ...(details.length > 0 ? [`, with ${details.join(', ')}`] : []),
    '. Nothing was sent.',
  ].join('');
}

/** The maximum length of a quoted text. */
const maxQuoteLength = 60;

/** Quotes the beginning of a text on one line. */
function quoteStart(text: string): string {
  // A text may be long, so only its start is read. The start is longer than a quote, because it shrinks: several spaces
  // or line breaks in a row become one space.
  const line = text
    .slice(0, 4 * maxQuoteLength)
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (line.length <= maxQuoteLength) return `“${line}”`;
  // A text without spaces is cut within a word.
  const end = line.lastIndexOf(' ', maxQuoteLength);
  return `“${sliceCharacters(line, 0, end > 0 ? end : maxQuoteLength)}…”`;
}

function formatPart(part: Part): string {
  if (part.type === 'text') return quoteStart(part.text);
  const { content, mimeType = 'unknown type' } = part;
  if (content.from === 'url-to-fetch') return `the content of ${redactUrl(content.url)}`;
  if (content.from === 'url-for-service') return `a reference to ${redactUrl(content.uri)}`;
  return `${formatCount(getByteLength(part), 'byte')} of ${mimeType}`;
}

function formatParameter([name, value]: [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return name === 'schema' ? `a schema of ${formatCount(Buffer.byteLength(text), 'byte')}` : `${name} ${text}`;
}

function getParts(turn: Turn): readonly Part[] {
  return turn.role === 'user' ? turn.parts : [{ type: 'text', text: turn.text }];
}

function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Splits a text into words with their leading white space. */
function splitTokens(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
