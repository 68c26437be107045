import { BoticelliError } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import type { Headers } from '../transport/minimal-fetch.js';
import { classifyQuotaError } from './classify-quota-error.js';
import { getWrongHostHint } from './invalid-response.js';
import { describeUnexpectedBody, toOneLine } from './one-line.js';
import { findDetails, getErrorReason, parseServiceError, type ServiceError } from './parse-error-body.js';
import { parseRetryDelayMs } from './retry-delay.js';

/** An answer that is no reply, and what was asked. */
export interface HttpErrorResponse {
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
const transientStatuses = new Set([408, 499, 500, 502, 503, 504]);

/** What a refusal means, by its status and its details; wire.md's "Quota answers" and Google's own error page. */
export function classifyHttpError(response: HttpErrorResponse): BoticelliError {
  const { status, headers, now, model } = response;
  const error = parseServiceError(response.body);
  const cause = new Error(`HTTP ${status}: ${toOneLine(response.body, 2000)}`);
  const description = describeResponse(response, error);

  if (isApiKeyError(status, error)) return createAuthError(description, error, cause);
  if (status === 404) {
    // Google's own words are of methods and API versions; the cause keeps them.
    const summary = error ? '404 NOT_FOUND' : description;
    return new BoticelliError('model_not_found', `the service has no model ${model} (${summary})`, { cause });
  }
  if (status === 429) return classifyQuotaError(response, error, cause);
  if (status >= 400 && status < 500 && !transientStatuses.has(status)) {
    return new BoticelliError('invalid_request', `the service can't take this request: ${description}`, {
      hint: getInvalidRequestHint(error),
      cause,
    });
  }
  const retryAfterMs = parseRetryDelayMs(error, headers, now);
  const isTransient = transientStatuses.has(status) || status > 505;
  return new BoticelliError('unavailable', `the service is not available: ${description}`, {
    hint: isTransient ? 'Try again later, or use another model.' : getWrongHostHint(response.host),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...{ isTransient, cause },
  });
}

/** `503 UNAVAILABLE, The model is overloaded`, or what else came. */
function describeResponse({ status, body, host, headers }: HttpErrorResponse, error: ServiceError | undefined): string {
  if (error) return `${status} ${error.status ?? ''}`.trimEnd() + (error.message && `, ${toOneLine(error.message)}`);
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  if (location !== null) return `${host} answered ${status}, go to ${getRedirectHost(location)}`;
  return `${host} answered ${status} with ${describeUnexpectedBody(body)}`;
}

function getInvalidRequestHint(error: ServiceError | undefined): string {
  // "User location is not supported", for one.
  return error?.status === 'FAILED_PRECONDITION'
    ? 'It is refused for the account or the place, not for the narrative; see https://ai.google.dev/gemini-api/docs/available-regions.'
    : 'The same request would be refused again: change the narrative.';
}

/** Of a redirect the host alone is told: a query may carry what must not be printed. */
function getRedirectHost(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another path';
}

function isApiKeyError(status: number, error: ServiceError | undefined): boolean {
  if (status === 401 || status === 403) return true;
  // An expired key has the same reason; the message alone tells where a gateway cut off the details.
  const hasKeyReason =
    getErrorReason(error) === 'API_KEY_INVALID' || /api key (not valid|not found|expired)/i.test(error?.message ?? '');
  return status === 400 && hasKeyReason;
}

function createAuthError(description: string, error: ServiceError | undefined, cause: Error): BoticelliError {
  return new BoticelliError('auth', `the service refused the API key: ${description}`, {
    hint: getApiKeyHint(error),
    cause,
  });
}

function getApiKeyHint(error: ServiceError | undefined): string {
  const reason = getErrorReason(error) ?? '';
  if (reason === 'SERVICE_DISABLED') {
    const metadata = findDetails(error, 'ErrorInfo')[0]?.metadata;
    const suffix =
      isRecord(metadata) && typeof metadata.activationUrl === 'string' ? `: ${metadata.activationUrl}` : '.';
    return `SERVICE_DISABLED: turn on the Generative Language API in the key's project${suffix}`;
  }
  if (/BLOCKED/.test(reason))
    return `${reason}: the key's own restrictions forbid this; change them or use another key.`;
  if (error?.status === 'PERMISSION_DENIED') {
    return 'PERMISSION_DENIED: the key is known but may not do this; check its project and its restrictions.';
  }
  return 'Check GEMINI_API_KEY; keys are made at https://aistudio.google.com/apikey.';
}
