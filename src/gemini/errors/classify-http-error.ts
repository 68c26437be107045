import { BoticelliError } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import { classifyQuotaError, isQuotaRejection } from './classify-quota-error.js';
import type { RedactedErrorResponse } from './error-response.js';
import { getWrongHostHint } from './invalid-response.js';
import { describeUnexpectedBody, toOneLine } from './one-line.js';
import {
  findDetails,
  getErrorReason,
  parseRetryDelayMs,
  parseServiceError,
  type ServiceError,
} from './parse-error-body.js';

export const checkKeyHint = 'Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.';
export const changeRequestHint = 'Change the narrative: the same request would be rejected again.';
export const tryLaterHint = 'Try again later, or use another model.';
// For FAILED_PRECONDITION, for example "User location is not supported".
const regionHint =
  'The account or its location is not eligible; see https://ai.google.dev/gemini-api/docs/available-regions.';

// Statuses after which a retry may succeed. The service uses 499 for CANCELLED.
const transientStatuses = new Set([408, 499, 500, 502, 503, 504]);

/** Classifies an error response by status and details (https://ai.google.dev/gemini-api/docs/troubleshooting). */
export function classifyHttpError(response: RedactedErrorResponse): BoticelliError {
  const { status, headers, now, model } = response;
  const error = parseServiceError(response.body);
  const cause = new Error(`HTTP ${status}: ${toOneLine(response.body, 2000)}`);
  const description = describeResponse(response, error);

  if (isQuotaRejection(status, error)) return classifyQuotaError(response, error, cause);
  if (isApiKeyError(status, error)) {
    return new BoticelliError('auth', `API key rejected: ${description}`, { hint: getApiKeyHint(error), cause });
  }
  if (status === 404) {
    // Google's message is about methods and API versions, so it is kept only in the cause.
    const summary = error ? '404 NOT_FOUND' : description;
    return new BoticelliError('model_not_found', `model ${model} not found (${summary})`, { cause });
  }
  if (status >= 400 && status < 500 && !transientStatuses.has(status)) {
    const hint = error?.status === 'FAILED_PRECONDITION' ? regionHint : changeRequestHint;
    return new BoticelliError('invalid_request', `request rejected: ${description}`, { hint, cause });
  }
  const isTransient = transientStatuses.has(status) || status > 505;
  return new BoticelliError('unavailable', `service unavailable: ${description}`, {
    hint: isTransient ? tryLaterHint : getWrongHostHint(response.host),
    ...{ retryAfterMs: parseRetryDelayMs(error, headers, now), isTransient, cause },
  });
}

/** Returns, for example, `503 UNAVAILABLE, "The model is overloaded"`, or describes a body that is not from Gemini. */
function describeResponse(response: RedactedErrorResponse, error: ServiceError | undefined): string {
  const { status, body, host, headers } = response;
  if (error) return `${status} ${error.status ?? ''}`.trimEnd() + (error.message && `, "${toOneLine(error.message)}"`);
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  // Only the host is shown, because the rest of the URL may contain secrets.
  const target = location !== null && URL.canParse(location) ? new URL(location).host : 'another path';
  if (location !== null) return `${host} answered ${status}, a redirect to ${target}`;
  return `${host} answered ${status} with ${describeUnexpectedBody(body)}`;
}

function isApiKeyError(status: number, error: ServiceError | undefined): boolean {
  if (status === 401 || status === 403) return true;
  // An expired key has this reason too. Some gateways drop the details, so that only the message identifies the error.
  const isKeyMessage = /api key (not valid|not found|expired)/i.test(error?.message ?? '');
  return status === 400 && (getErrorReason(error) === 'API_KEY_INVALID' || isKeyMessage);
}

function getApiKeyHint(error: ServiceError | undefined): string {
  const reason = getErrorReason(error) ?? '';
  if (reason === 'SERVICE_DISABLED') {
    const metadata = findDetails(error, 'ErrorInfo')[0]?.metadata;
    const url = isRecord(metadata) ? metadata.activationUrl : undefined;
    const suffix = typeof url === 'string' ? `: ${url}` : '.';
    return `SERVICE_DISABLED: enable the Generative Language API in the key's project${suffix}`;
  }
  if (/BLOCKED/.test(reason))
    return `${reason}: the key's restrictions forbid this request; change them or use another key.`;
  if (error?.status === 'PERMISSION_DENIED')
    return "PERMISSION_DENIED: the key is known but lacks permission; check the key's project and restrictions.";
  return checkKeyHint;
}
