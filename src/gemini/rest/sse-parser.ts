import { createParser } from 'eventsource-parser';
import { isRecord, parsedJson, type ServiceError, serviceErrorIn } from '../errors/parse-error-body.js';
import { collectStrayLines } from './stray-lines.js';

/** What a body of server-sent events turned out to hold. */
export type SseFinding =
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
export interface SseReader {
  /** The findings since this was last called, in order. */
  take(): SseFinding[];
  feed(text: string): void;
  /** Tells that the body ended properly. */
  end(): void;
}

/**
 * A reader of Gemini's event streams that takes what @google/genai 2.32 loses: events with other fields before `data:`,
 * a last event without its blank line, errors without `data:` however packets fall (wire.md's table).
 */
export function readSse(): SseReader {
  let findings: SseFinding[] = [];
  const stray = collectStrayLines();
  let events = 0;
  let ending = false;
  const parser = createParser({
    onEvent({ data }) {
      events += 1;
      const finding = findingOf(data, ending);
      if (finding) findings.push(finding);
    },
    onError({ line = '' }) {
      const error = stray.add(line);
      if (error) findings.push({ type: 'service-error', error });
    },
  });
  return {
    take() {
      const taken = findings;
      findings = [];
      return taken;
    },
    feed: (text) => parser.feed(text),
    end() {
      ending = true;
      // Completes a last event that has no blank line after it, which SSE itself would drop.
      parser.feed('\n\n');
      if (findings.at(-1)?.type === 'service-error') return;
      if (stray.json !== '' && parsedJson(stray.json) === undefined) findings.push({ type: 'cut' });
      else if (events === 0 && stray.text.trim() !== '') findings.push({ type: 'foreign', text: stray.text });
    },
  };
}

function findingOf(data: string, ending: boolean): SseFinding | undefined {
  // Gateways that speak OpenAI's dialect end a stream so.
  if (data === '' || data === '[DONE]') return undefined;
  if (ending && parsedJson(data) === undefined) return { type: 'cut' };
  // Chunks are parsed by the SDK; parsing each one here as well would double the work. In a reply's text quotes are
  // escaped, so only a field can match.
  if (data.includes('"error"')) {
    const parsed = parsedJson(data);
    const error = isRecord(parsed) ? serviceErrorIn(parsed) : undefined;
    if (error) return { type: 'service-error', error };
  }
  // In JSON a line end is only ever space between tokens, and the SDK would take an empty line for the event's end.
  const json = data.includes('\n') ? data.replaceAll('\n', ' ') : data;
  return /^\s*\{/.test(json) ? { type: 'chunk', json } : { type: 'malformed', data };
}
