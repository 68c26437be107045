import { isRecord, tryParseJson } from '../../util/json.js';
import { toOneLine } from './one-line.js';

/**
 * How much of a web page is searched for its title. The lengths in the pattern are limited too, because the search
 * would otherwise take long in a page that repeats `<title`.
 */
const maxPageChars = 65_536;

/**
 * Describes a body that does not come from Gemini, so that a message can say who answered: `a web page, "Log in"`,
 * `JSON in OpenAI's format`, `an error that is not Gemini's, "Not Found"`. Quotes the beginning of any other body.
 */
export function describeUnexpectedBody(body: string): string {
  const title = /<title[^>]{0,200}>([^<]{0,1000})<\/title>/i.exec(body.slice(0, maxPageChars))?.[1];
  if (title !== undefined && title.trim() !== '') return `a web page, "${toOneLine(title, 80)}"`;
  if (/^\s*<(!doctype|html|head|body)/i.test(body)) return 'a web page';
  if (body.trim() === '') return 'an empty body';
  const parsed = parseFirstObject(body);
  if (parsed && isOpenAiReply(parsed)) return "JSON in OpenAI's format";
  const message = parsed && findMessage(parsed);
  return message ? `an error that is not Gemini's, "${toOneLine(message, 200)}"` : `"${toOneLine(body, 120)}"`;
}

/**
 * Returns what a body that does not come from Gemini says about its error. Returns an empty text for JSON without a
 * message, and for a web page: its server does not know Gemini's API, so its text is not about the request.
 */
export function getForeignMessage(body: string): string {
  const parsed = parseFirstObject(body);
  if (parsed) return findMessage(parsed) ?? '';
  return /^\s*[[{<]/.test(body) ? '' : toOneLine(body);
}

/** Whether JSON is in OpenAI's format: a completion, a response, a chunk of either, or a list, such as of models. */
export function isOpenAiReply({ object, choices }: Record<string, unknown>): boolean {
  return Array.isArray(choices) || /^(chat\.completion|text_completion|response|list)\b/.test(String(object ?? ''));
}

function parseFirstObject(body: string): Record<string, unknown> | undefined {
  const parsed = tryParseJson(body);
  const first = Array.isArray(parsed) ? parsed[0] : parsed;
  return isRecord(first) ? first : undefined;
}

/** Finds the message in the error of a gateway or a web framework, such as FastAPI's `{"detail": "Not Found"}`. */
function findMessage({ error, message, detail }: Record<string, unknown>): string | undefined {
  const candidates = [isRecord(error) ? error.message : undefined, message, detail, error];
  return candidates.find((text): text is string => typeof text === 'string' && text !== '');
}
