import { createParser } from 'eventsource-parser';
import { isRecord, tryParseJson } from '../../util/json.js';
import { extractServiceError, type ServiceError } from '../errors/parse-error-body.js';
import { createStrayLines } from './stray-lines.js';

/** What a body of server-sent events turned out to hold. */
export type SseItem =
  /** A chunk of the reply: JSON that starts an object, on one line. */
  | { type: 'chunk'; json: string }
  /** The service's own error, with or without `data:`. */
  | { type: 'service-error'; error: ServiceError }
  /** An event that is no JSON object. */
  | { type: 'malformed'; data: string }
  /** The body ended in the midst of an event or of a bare error. */
  | { type: 'cut' }
  /** The body had not one event, but something else. */
  | { type: 'foreign'; text: string };

/** Reads the text of a body, as its packets come. */
export interface SseParser {
  /** The findings since this was last called, in order. */
  takeItems(): SseItem[];
  feed(text: string): void;
  /** Tells that the body ended properly. */
  end(): void;
}

/**
 * A reader of Gemini's event streams that takes what @google/genai 2.32 loses: events with other fields before `data:`,
 * a last event without its blank line, errors without `data:` however packets fall (wire.md's table).
 */
export function createSseParser(): SseParser {
  let items: SseItem[] = [];
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
    takeItems() {
      const taken = items;
      items = [];
      return taken;
    },
    feed: (text) => eventParser.feed(text),
    end() {
      isEnding = true;
      // Completes a last event that has no blank line after it, which SSE itself would drop.
      eventParser.feed('\n\n');
      if (items.at(-1)?.type === 'service-error') return;
      if (strayLines.json !== '' && tryParseJson(strayLines.json) === undefined) items.push({ type: 'cut' });
      else if (eventCount === 0 && strayLines.text.trim() !== '')
        items.push({ type: 'foreign', text: strayLines.text });
    },
  };
}

function classifyEvent(data: string, isEnding: boolean): SseItem | undefined {
  // Gateways that speak OpenAI's dialect end a stream so.
  if (data === '' || data === '[DONE]') return undefined;
  if (isEnding && tryParseJson(data) === undefined) return { type: 'cut' };
  // Chunks are parsed by the SDK; parsing each one here as well would double the work. In a reply's text quotes are
  // escaped, so only a field can match.
  if (data.includes('"error"')) {
    const parsed = tryParseJson(data);
    const error = isRecord(parsed) ? extractServiceError(parsed) : undefined;
    if (error) return { type: 'service-error', error };
  }
  // In JSON a line end is only ever space between tokens, and the SDK would take an empty line for the event's end.
  const json = data.includes('\n') ? data.replaceAll('\n', ' ') : data;
  return /^\s*\{/.test(json) ? { type: 'chunk', json } : { type: 'malformed', data };
}
