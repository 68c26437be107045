import { isDeeperThan, isRecord, toRecords, tryParseJson } from '../../util/json.js';
import type { Headers } from '../transport/minimal-fetch.js';

/** An error from the service: google.rpc.Status as JSON, or a gateway's version of it. */
export interface ServiceError {
  /** The HTTP status, if the body contains one. */
  code?: number;
  /** Google's name for the status, such as `RESOURCE_EXHAUSTED`. */
  status?: string;
  message: string;
  details: readonly ErrorDetail[];
}

/** One entry of the `details` in google.rpc.Status. Its fields depend on `@type`. */
export type ErrorDetail = Readonly<Record<string, unknown>>;

/**
 * The maximum length of an error's text. Google's messages have a few hundred characters. The text is searched with
 * many patterns, some of which take a time that grows with the square of its length.
 */
export const maxErrorTextChars = 4000;

/**
 * Parses `{"error": {…}}`. The object may also be inside an array, because streams without SSE send arrays, or inside
 * the message of another error, because SDKs and gateways wrap JSON in JSON.
 * @returns undefined if the text is not JSON or contains no error
 */
export function parseServiceError(body: string): ServiceError | undefined {
  const parsed = tryParseJson(body);
  const [outer] = Array.isArray(parsed) ? parsed : [parsed];
  return isRecord(outer) ? extractServiceError(outer) : undefined;
}

/** Returns the error that a parsed JSON object contains, if any. An empty `error` counts as none. */
export function extractServiceError({ error }: Record<string, unknown>): ServiceError | undefined {
  if (typeof error === 'string' && error !== '') return { message: error.slice(0, maxErrorTextChars), details: [] };
  if (!isRecord(error)) return undefined;
  const { status, message, details } = error;
  // Some gateways send the code as text.
  const code = typeof error.code === 'string' ? Number(error.code || Number.NaN) : error.code;
  const text = typeof message === 'string' ? message : '';
  const hasContent = text !== '' || typeof status === 'string' || typeof error.code === 'number';
  return (
    (text.includes('"error"') ? parseServiceError(text) : undefined) ??
    (hasContent
      ? {
          ...(typeof code === 'number' && !Number.isNaN(code) && { code }),
          ...(typeof status === 'string' && { status }),
          message: text.slice(0, maxErrorTextChars),
          details: toDetails(details),
        }
      : undefined)
  );
}

/** Leaves out details that are too deep to be serialized. Google's have five levels. */
function toDetails(details: unknown): ErrorDetail[] {
  return toRecords(details).filter((detail) => !isDeeperThan(detail, 50));
}

/**
 * Whether an error has the shape of Gemini's own: it names a google.rpc.Code, such as `NOT_FOUND`. Web frameworks,
 * proxies and OpenAI's dialect also send an object `error`, but without such a name.
 */
export function isGeminiError(error: ServiceError | undefined): error is ServiceError {
  return /^[A-Z][A-Z_]+$/.test(error?.status ?? '');
}

// The HTTP statuses of google.rpc codes (google/rpc/code.proto). A code that is not listed here counts as 500.
const httpStatuses: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/**
 * Returns the HTTP status of an error in a stream: its `code` if that is an error status, or else the HTTP status that
 * its `status` stands for. Default 500.
 */
export function getHttpStatus({ code, status = '' }: ServiceError): number {
  return code !== undefined && code >= 400 && code < 600 ? code : (httpStatuses[status] ?? 500);
}

/** Returns the details that have a given google.rpc type, such as `RetryInfo`. */
export function findDetails(error: ServiceError | undefined, type: string): readonly ErrorDetail[] {
  return error?.details.filter((detail) => String(detail['@type']).endsWith(`google.rpc.${type}`)) ?? [];
}

/** Returns the reason in google.rpc.ErrorInfo, such as `API_KEY_INVALID`. */
export function getErrorReason(error: ServiceError | undefined): string | undefined {
  const reason = findDetails(error, 'ErrorInfo')[0]?.reason;
  return typeof reason === 'string' ? reason : undefined;
}

/**
 * Returns the delay that the service asks for, in milliseconds. The first of these that states a delay applies:
 * google.rpc.RetryInfo, the Retry-After header, which gateways send but Google does not, and the message. A delay of
 * more than a month, which no quota has, counts as none. So do a delay of 0 and a time in the past: a retry at
 * once would be rejected like this request, so the caller has to choose a pause itself.
 * @param now milliseconds since the epoch
 */
export function parseRetryDelayMs(error: ServiceError | undefined, headers: Headers, now: number): number | undefined {
  const retryDelay = findDetails(error, 'RetryInfo')[0]?.retryDelay;
  const delaysMs = [
    typeof retryDelay === 'string' ? parseDurationMs(retryDelay) : undefined,
    parseRetryAfterMs(headers.get('retry-after'), now),
    parseWordedDelayMs(error?.message ?? ''),
  ];
  return delaysMs.find((delayMs) => delayMs !== undefined && delayMs > 0 && delayMs <= maxRetryDelayMs);
}

const maxRetryDelayMs = 31 * 86_400_000;

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : date - now;
}

/**
 * Parses the delay in a message. Google writes "Please retry in 38.9s.", or for a daily quota "Please retry in
 * 19h34m29.8s." (seen in public bug reports of 2026). A gateway that removes the details of an error keeps its message.
 */
function parseWordedDelayMs(message: string): number | undefined {
  const duration = /\b(?:retry|try again|reset) (?:in|after) ((?:\d+(?:\.\d+)?\s?[a-z]+\s?)+)/i.exec(message)?.[1];
  return duration === undefined ? undefined : parseDurationMs(duration);
}

const durationUnitsMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, milli: 1 };

/** Parses a duration such as `17.3s`, `1h2m3s`, `500ms` or `5 minutes`. */
function parseDurationMs(duration: string): number | undefined {
  const parts = [...duration.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*(milli|ms|h|m|s)/g)];
  if (parts.length === 0) return undefined;
  // Rounded first, because a floating-point error in the last digits would make `ceil` add a millisecond.
  const sumMs = parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (durationUnitsMs[unit] ?? 0), 0);
  return Math.ceil(Math.round(sumMs * 1e6) / 1e6);
}
