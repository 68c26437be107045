import { createParser } from 'eventsource-parser';
import { isRecord, tryParseJson } from '../../util/json.js';
import { extractServiceError, parseServiceError, type ServiceError } from '../errors/parse-error-body.js';

/** What the body of an event stream contains. */
export type SseItem =
  /** A chunk of the reply: text that begins a JSON object, on one line. */
  | { type: 'chunk'; json: string }
  /** An error of the service, with or without `data:`. */
  | { type: 'service-error'; error: ServiceError }
  /** An event that is not a JSON object. */
  | { type: 'malformed'; data: string }
  /** The body ended inside an event or inside a bare error. */
  | { type: 'cut' }
  /** The body contains other text and no event. */
  | { type: 'foreign'; text: string };

/**
 * Creates a parser for Gemini's event streams. However the packets are split, it finds what @google/genai 2.32 loses:
 * events with other fields before `data:`, a last event without a blank line after it, and errors without `data:`.
 */
export function createSseParser() {
  const items: SseItem[] = [];
  const strayLines = createStrayLines();
  let eventCount = 0;
  let isEnding = false;
  const eventParser = createParser({
    onEvent({ data }) {
      eventCount += 1;
      const item = classifyEvent(data, isEnding);
      if (item) items.push(item);
    },
    onError({ line = '' }) {
      const error = strayLines.add(line);
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
      if (items.at(-1)?.type === 'service-error') return;
      if (strayLines.json !== '' && tryParseJson(strayLines.json) === undefined) items.push({ type: 'cut' });
      else if (eventCount === 0 && strayLines.text.trim() !== '')
        items.push({ type: 'foreign', text: strayLines.text });
    },
  };
}

function classifyEvent(data: string, isEnding: boolean): SseItem | undefined {
  // Gateways that speak OpenAI's dialect end a stream with [DONE].
  if (data === '' || data === '[DONE]') return undefined;
  if (isEnding && tryParseJson(data) === undefined) return { type: 'cut' };
  // Only chunks that contain `"error"` are parsed here. The SDK parses all chunks, and parsing each one here too would
  // double the work. Quotes in a reply's text are escaped, so `"error"` can only be the name or value of a field.
  if (data.includes('"error"')) {
    const parsed = tryParseJson(data);
    const error = isRecord(parsed) ? extractServiceError(parsed) : undefined;
    if (error) return { type: 'service-error', error };
  }
  // In JSON, a line break is only white space between tokens. It is replaced, because the SDK would read an empty line
  // as the end of the event.
  const json = data.includes('\n') ? data.replaceAll('\n', ' ') : data;
  return /^\s*\{/.test(json) ? { type: 'chunk', json } : { type: 'malformed', data };
}

// An error has a few hundred characters. The limit bounds the memory, and the work of parsing at every closing brace.
const maxErrorChars = 65_536;

/**
 * Collects lines that are not SSE. Google ends a broken stream with an error as bare JSON, over several lines and
 * without `data:` (recorded in FirebaseExtended/vertexai-sdk-test-data). A proxy may answer with a web page.
 */
function createStrayLines() {
  let json = '';
  let otherText = '';
  return {
    /** Adds a line; returns the service's error as soon as it is complete. */
    add(line: string): ServiceError | undefined {
      if (json === '' && !/^\s*[{[]/.test(line)) {
        if (otherText.length < maxErrorChars) otherText += `${line}\n`;
        return undefined;
      }
      if (json.length < maxErrorChars) json += `${line}\n`;
      return /[}\]]\s*$/.test(line) ? parseServiceError(json) : undefined;
    },
    /** The text from the first line that begins like JSON: an incomplete error, or something else. */
    get json() {
      return json;
    },
    get text() {
      return otherText + json;
    },
  };
}
