import { createParser } from 'eventsource-parser';
import { hasTooManyValues, isDeeperThan, isRecord, tryParseJson } from '../../util/json.js';
import { isOpenAiReply } from '../errors/describe-body.js';
import { extractServiceError, parseServiceError, type ServiceError } from '../errors/parse-error-body.js';
import { hasReplyField, isReplyBody } from './reply-body.js';

/** What the body of an event stream contains. */
export type SseItem =
  /** A chunk of the reply: text on one line that begins like a JSON object. The SDK parses it. */
  | { type: 'chunk'; json: string }
  /** An error of the service, with or without `data:`. */
  | { type: 'service-error'; error: ServiceError }
  /** An event that is not a JSON object. */
  | { type: 'malformed'; data: string }
  /** The body ended inside an event or inside a bare error. */
  | { type: 'cut' }
  /** The body does not come from Gemini, or it has too many values or too many levels of nesting. */
  | { type: 'foreign'; text: string };

/**
 * Creates a parser for Gemini's event streams. However the packets are split, it finds what @google/genai 2.32 loses:
 * events with other fields before `data:`, a last event without a blank line after it, and errors without `data:`. It
 * also reads a reply that a gateway sends as one JSON object or as an array of chunks instead of a stream.
 */
export function createSseParser() {
  const items: SseItem[] = [];
  const strayLines = createStrayLines();
  const classifyEvent = createEventClassifier();
  let eventCount = 0;
  let isEnding = false;
  const eventParser = createParser({
    onEvent({ data }) {
      eventCount += 1;
      items.push(...classifyEvent(data, isEnding));
    },
    onError({ line = '' }) {
      const error = strayLines.add(line, eventCount > 0);
      if (error) items.push({ type: 'service-error', error });
    },
  });
  return {
    /** Returns the items found since the last call, in order. */
    takeItems() {
      return items.splice(0);
    },
    feed: eventParser.feed,
    /** Must be called when the body ends without an error. */
    end() {
      isEnding = true;
      // Completes a last event that has no blank line after it. SSE itself would drop that event.
      eventParser.feed('\n\n');
      // Reading the stream fails with this error, so nothing after it matters.
      if (items.at(-1)?.type === 'service-error') return;
      const { json, text } = strayLines;
      const isJsonBody = eventCount === 0 && json !== '' && json === text;
      if (hasTooManyValues(json)) items.push({ type: 'foreign', text: json });
      else if (eventCount === 0 && /^\s*</.test(text)) items.push({ type: 'foreign', text });
      else if (json !== '' && tryParseJson(json) === undefined) items.push({ type: 'cut' });
      else if (isJsonBody) items.push(...classifyEvent(json, isEnding));
      else if (eventCount === 0 && text.trim() !== '') items.push({ type: 'foreign', text });
      items.push(...classifyEvent.end());
    },
  };
}

/** The maximum depth of a chunk in a list of chunks. */
const maxChunkDepth = 500;

/**
 * Replaces the line breaks of JSON with spaces, because the SDK would read an empty line as the end of the event. In
 * valid JSON all line breaks are white space between tokens, so no text changes.
 */
function replaceLineBreaks(json: string): string {
  return json.includes('\n') ? json.replaceAll('\n', ' ') : json;
}

/**
 * Creates a function that classifies the data of one event. Its method `end` returns items that depend on all events.
 */
function createEventClassifier() {
  let isGemini = false;
  let firstUnknownEvent: string | undefined;

  const classifyValue = (value: unknown, data: string): SseItem[] => {
    if (Array.isArray(value) && value.every(isRecord)) return value.flatMap((entry) => classifyValue(entry, data));
    if (!isRecord(value)) return [{ type: 'malformed', data }];
    const error = extractServiceError(value);
    if (error) return [{ type: 'service-error', error }];
    if (!isGemini && isOpenAiReply(value)) return [{ type: 'foreign', text: data }];
    if (!isReplyBody(value)) firstUnknownEvent ??= data;
    // A list may hold several chunks, so each is serialized again, unless that would overflow the stack.
    if (!data.trimStart().startsWith('[')) return [{ type: 'chunk', json: replaceLineBreaks(data) }];
    if (isDeeperThan(value, maxChunkDepth)) return [{ type: 'foreign', text: data.slice(0, 1000) }];
    return [{ type: 'chunk', json: JSON.stringify(value) }];
  };

  const classify = (data: string, isEnding: boolean): SseItem[] => {
    // Gateways that speak OpenAI's dialect end a stream with [DONE].
    if (data === '' || data === '[DONE]') return [];
    if (hasTooManyValues(data)) return [{ type: 'foreign', text: data.slice(0, 1000) }];
    if (isEnding && tryParseJson(data) === undefined) return [{ type: 'cut' }];
    isGemini ||= hasReplyField(data);
    // Most chunks are not parsed here. The SDK parses all chunks, and parsing each one here too would double the work.
    if (!isGemini || data.includes('"error"') || /^\s*\[/.test(data)) {
      const parsed = tryParseJson(data);
      if (parsed !== undefined) return classifyValue(parsed, data);
    }
    const json = replaceLineBreaks(data);
    return [/^\s*\{/.test(json) ? { type: 'chunk', json } : { type: 'malformed', data }];
  };

  // Gateways may send events of their own, such as a ping, before the first chunk. So an unknown event makes the body
  // foreign only if no event of the body is Gemini's.
  const end = (): SseItem[] =>
    isGemini || firstUnknownEvent === undefined ? [] : [{ type: 'foreign', text: firstUnknownEvent }];
  return Object.assign(classify, { end });
}

// An error has a few hundred characters. `add` below parses all collected lines again after every line that ends with a
// brace or bracket. The limit keeps this work, and the memory for the lines, small.
const maxErrorChars = 65_536;

/**
 * Collects lines that are not SSE. Google ends a broken stream with an error as bare JSON, over several lines and
 * without `data:` (seen in FirebaseExtended/vertexai-sdk-test-data). A proxy may answer with a web page.
 */
function createStrayLines() {
  let json = '';
  let otherText = '';
  return {
    /**
     * Adds a line; returns the service's error as soon as it is complete.
     * @param isInStream whether events came before. If none did, the lines may be a whole reply, so their length is not
     *   limited.
     */
    add(line: string, isInStream: boolean): ServiceError | undefined {
      if (json === '' && !/^\s*[{[]/.test(line)) {
        if (otherText.length < maxErrorChars) otherText += `${line}\n`;
        return undefined;
      }
      if (!isInStream || json.length < maxErrorChars) json += `${line}\n`;
      return json.length < maxErrorChars && /[}\]]\s*$/.test(line) ? parseServiceError(json) : undefined;
    },
    /** The text from the first line that begins like JSON: an error, a whole reply, or text that is not JSON at all. */
    get json() {
      return json;
    },
    get text() {
      return otherText + json;
    },
  };
}
