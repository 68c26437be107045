import { BoticelliError } from '../../errors.js';
import { isRecord } from '../../util/json.js';
import { classifyForeignError } from './classify-foreign-error.js';
import { classifyQuotaError, isQuotaRejection } from './classify-quota-error.js';
import { changeRequestHint, checkKeyHint } from './error-hints.js';
import type { RedactedErrorResponse } from './error-response.js';
import { toOneLine } from './one-line.js';
import {
  findDetails,
  getErrorReason,
  isGeminiError,
  parseServiceError,
  type ServiceError,
} from './parse-error-body.js';
import { createUnavailableError, isTransientStatus } from './unavailable-error.js';
import { createFileError, isFileError } from './uploaded-file.js';

const regionHint =
  'The API is not available at this location; see https://ai.google.dev/gemini-api/docs/available-regions.';
const billingHint = 'Enable billing for the project; see https://ai.google.dev/gemini-api/docs/billing.';

/**
 * Classifies an error response. Rejections about quota come first, whoever sent them. Gemini's own errors are
 * classified by status and details (https://ai.google.dev/gemini-api/docs/troubleshooting), all others by
 * `classifyForeignError`.
 */
export function classifyHttpError(response: RedactedErrorResponse): BoticelliError {
  const { status, model } = response;
  const error = parseServiceError(response.body);
  const cause = new Error(`HTTP ${status}: ${toOneLine(response.body, 2000)}`);

  if (isQuotaRejection(status, error)) return classifyQuotaError(response, error, cause);
  if (!isGeminiError(error)) return classifyForeignError(response, cause);
  const description = describeError(status, error);
  if (isFileError(status, error.message)) return createFileError(description, cause);
  if (isApiKeyError(status, error)) {
    return new BoticelliError('auth', `API key rejected: ${description}`, { hint: getApiKeyHint(error), cause });
  }
  if (status === 404) {
    // Google's message is about methods and API versions, so it is kept only in the cause.
    return new BoticelliError('model_not_found', `model ${model} not found (404 NOT_FOUND)`, { cause });
  }
  if (status >= 400 && status < 500 && !isTransientStatus(status)) {
    const hint = getPreconditionHint(error) ?? changeRequestHint;
    return new BoticelliError('invalid_request', `request rejected: ${description}`, { hint, cause });
  }
  return createUnavailableError(description, response, error, cause);
}

/**
 * Returns the hint for an account that may not use the API at its location, or that must enable billing first. Google
 * asks for billing where the free tier is not available (https://ai.google.dev/gemini-api/docs/troubleshooting, read
 * 2026-11).
 */
function getPreconditionHint({ status, message }: ServiceError): string | undefined {
  if (status !== 'FAILED_PRECONDITION') return undefined;
  if (/billing/i.test(message)) return billingHint;
  return /location|countr|region/i.test(message) ? regionHint : undefined;
}

/** Returns, for example, `503 UNAVAILABLE, "The model is overloaded"`. */
function describeError(status: number, error: ServiceError): string {
  return `${status} ${error.status ?? ''}`.trimEnd() + (error.message && `, "${toOneLine(error.message)}"`);
}

function isApiKeyError(status: number, error: ServiceError): boolean {
  if (status === 401 || status === 403) return true;
  // API_KEY_INVALID also stands for an expired key. Some gateways drop the details and leave only the message.
  const isKeyMessage = /api key (not valid|not found|expired)/i.test(error.message);
  return status === 400 && (getErrorReason(error) === 'API_KEY_INVALID' || isKeyMessage);
}

function getApiKeyHint(error: ServiceError): string {
  const reason = getErrorReason(error) ?? '';
  if (reason === 'SERVICE_DISABLED') {
    const metadata = findDetails(error, 'ErrorInfo')[0]?.metadata;
    const url = isRecord(metadata) ? metadata.activationUrl : undefined;
    const suffix = typeof url === 'string' ? `: ${url}` : '.';
    return `SERVICE_DISABLED: enable the Generative Language API in the key's project${suffix}`;
  }
  if (/BLOCKED/.test(reason))
    return `${reason}: the key's restrictions forbid this request; change them or use another key.`;
  if (error.status === 'PERMISSION_DENIED')
    return "PERMISSION_DENIED: the key is known but lacks permission; check the key's project and restrictions.";
  return checkKeyHint;
}
