import { BoticelliError } from '../../errors.js';
import type { Headers } from '../transport/minimal-fetch.js';
import { classifyQuota } from './classify-quota-error.js';
import { wrongHost } from './invalid-response.js';
import { describeForeignBody, oneLine } from './one-line.js';
import { detailsOf, isRecord, parseServiceError, reasonOf, type ServiceError } from './parse-error-body.js';
import { retryDelayMs } from './retry-delay.js';

/** An answer that is no reply, and what was asked. */
export interface Refusal {
  /** The HTTP status, or what stands for it in the midst of a stream. */
  status: number;
  headers: Headers;
  /** The whole body, free of the key. */
  body: string;
  model: string;
  /** Who answered, as `host:port`. */
  host: string;
  /** Milliseconds since the epoch. */
  now: number;
}

// What a second attempt may mend. 499 is the service's own CANCELLED.
const passingStatuses = new Set([408, 499, 500, 502, 503, 504]);

/** What a refusal means, by its status and its details; wire.md's "Quota answers" and Google's own error page. */
export function classifyRefusal(refusal: Refusal): BoticelliError {
  const { status, headers, now, model } = refusal;
  const error = parseServiceError(refusal.body);
  const cause = new Error(`HTTP ${status}: ${oneLine(refusal.body, 2000)}`);
  const said = wordsOf(refusal, error);

  if (isKeyFault(status, error)) return refusedKey(said, error, cause);
  if (status === 404) {
    // Google's own words are of methods and API versions; the cause keeps them.
    const answer = error ? '404 NOT_FOUND' : said;
    return new BoticelliError('model_not_found', `the service has no model ${model} (${answer})`, { cause });
  }
  if (status === 429) return classifyQuota(refusal, error, cause);
  if (status >= 400 && status < 500 && !passingStatuses.has(status)) {
    return new BoticelliError('invalid_request', `the service can't take this request: ${said}`, {
      hint: requestHint(error),
      cause,
    });
  }
  const retryAfterMs = retryDelayMs(error, headers, now);
  const passing = passingStatuses.has(status) || status > 505;
  return new BoticelliError('unavailable', `the service is not available: ${said}`, {
    hint: passing ? 'Try again later, or use another model.' : wrongHost(refusal.host),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...{ passing, cause },
  });
}

/** `503 UNAVAILABLE, The model is overloaded`, or what else came. */
function wordsOf({ status, body, host, headers }: Refusal, error: ServiceError | undefined): string {
  if (error) return `${status} ${error.status ?? ''}`.trimEnd() + (error.message && `, ${oneLine(error.message)}`);
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  if (location !== null) return `${host} answered ${status}, go to ${hostOf(location)}`;
  return `${host} answered ${status} with ${describeForeignBody(body)}`;
}

function requestHint(error: ServiceError | undefined): string {
  // "User location is not supported", for one.
  return error?.status === 'FAILED_PRECONDITION'
    ? 'It is refused for the account or the place, not for the narrative; see https://ai.google.dev/gemini-api/docs/available-regions.'
    : 'The same request would be refused again: change the narrative.';
}

/** Of a redirect the host alone is told: a query may carry what must not be printed. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another path';
}

function isKeyFault(status: number, error: ServiceError | undefined): boolean {
  if (status === 401 || status === 403) return true;
  // An expired key has the same reason; the message alone tells where a gateway cut off the details.
  const says =
    reasonOf(error) === 'API_KEY_INVALID' || /api key (not valid|not found|expired)/i.test(error?.message ?? '');
  return status === 400 && says;
}

function refusedKey(said: string, error: ServiceError | undefined, cause: Error): BoticelliError {
  return new BoticelliError('auth', `the service refused the API key: ${said}`, { hint: keyHint(error), cause });
}

function keyHint(error: ServiceError | undefined): string {
  const reason = reasonOf(error) ?? '';
  if (reason === 'SERVICE_DISABLED') {
    const metadata = detailsOf(error, 'ErrorInfo')[0]?.metadata;
    const where =
      isRecord(metadata) && typeof metadata.activationUrl === 'string' ? `: ${metadata.activationUrl}` : '.';
    return `SERVICE_DISABLED: turn on the Generative Language API in the key's project${where}`;
  }
  if (/BLOCKED/.test(reason))
    return `${reason}: the key's own restrictions forbid this; change them or use another key.`;
  if (error?.status === 'PERMISSION_DENIED') {
    return 'PERMISSION_DENIED: the key is known but may not do this; check its project and its restrictions.';
  }
  return 'Check GEMINI_API_KEY; keys are made at https://aistudio.google.com/apikey.';
}
