import { BoticelliError } from '../../errors.js';
import { describeUnexpectedBody, getForeignMessage } from './describe-body.js';
import { changeRequestHint } from './error-hints.js';
import type { RedactedErrorResponse } from './error-response.js';
import { getWrongHostHint } from './invalid-response.js';
import { createUnavailableError, isTransientStatus } from './unavailable-error.js';
import { createFileError, isFileError } from './uploaded-file.js';

const keyPattern = /api.?key|credential|authenticat|unauthori[sz]ed/i;
// "Token" alone is not enough: "maximum context length is 8192 tokens" and "Invalid token limit" are not about the key.
const accessTokenPattern =
  /\b(invalid|expired|missing|access|bearer) token(?!s| (limit|count|budget|length))|\btoken (is )?(invalid|expired|missing)/i;

/**
 * Classifies an error status whose body is not Gemini's own error. The status alone does not say what was wrong with
 * the request: a web server answers 404 to an address that it does not have, and a proxy answers 403 to a host that it
 * blocks. So an error is about the key, a file, the model or the content of the request only if its message says so.
 * Only 413 needs no message. An error that is about none of these is transient if its status is transient.
 * Otherwise it is about the address. Quota errors are classified elsewhere.
 */
export function classifyForeignError(response: RedactedErrorResponse, cause: Error): BoticelliError {
  const { status, model, host, body, isStatusFromBody = false } = response;
  const message = getForeignMessage(body);
  const answer = describeAnswer(response);

  // If a body that contains an error names no status, `status` is 500. So a 500 from a body may be about the key too.
  const mayConcernKey = status === 400 || status === 401 || status === 403 || (isStatusFromBody && status === 500);
  if (mayConcernKey && (keyPattern.test(message) || accessTokenPattern.test(message))) {
    const hint = `Check that GEMINI_API_KEY is a key for ${host}.`;
    return new BoticelliError('auth', `API key rejected: ${answer}`, { hint, cause });
  }
  if (isFileError(status, message)) return createFileError(answer, cause);
  if (status === 404 && isAboutModel(message)) {
    return new BoticelliError('model_not_found', `model ${model} not found (${answer})`, { cause });
  }
  if (status === 413) {
    const hint = `The request is too large for ${host}: use smaller media or shorter texts.`;
    return new BoticelliError('invalid_request', `request rejected: ${answer}`, { hint, cause });
  }
  if (requestStatuses.has(status) && message !== '') {
    return new BoticelliError('invalid_request', `request rejected: ${answer}`, { hint: changeRequestHint, cause });
  }
  if (isTransientStatus(status)) return createUnavailableError(answer, response, undefined, cause);
  return new BoticelliError('unavailable', answer, { hint: getForeignHint(response), cause });
}

/** Statuses with which a gateway rejects the content of a request, if a message says why. */
const requestStatuses = new Set([400, 409, 422]);

/** Whether a message is about a model. Paths are left out, because `/v1beta/models/x not found` is about an address. */
function isAboutModel(message: string): boolean {
  return /\bmodels?\b/i.test(message.replace(/\/\S+/g, ''));
}

/** Says who answered, for example `host:80 answered 404 with a web page, "Not Found"`. */
function describeAnswer({ status, headers, body, isStatusFromBody, ...server }: RedactedErrorResponse): string {
  const proxy = server.proxyHost === undefined ? '' : ` (through the proxy ${server.proxyHost})`;
  const location = status >= 300 && status < 400 ? headers.get('location') : null;
  // Only the host is shown, because the rest of the URL may contain secrets.
  const target = location !== null && URL.canParse(location) ? new URL(location).host : 'another path';
  const answered = `${server.host}${proxy} answered${isStatusFromBody ? '' : ` ${status}`}`;
  return location === null
    ? `${answered} with ${describeUnexpectedBody(body)}`
    : `${answered}, a redirect to ${target}`;
}

function getForeignHint({ status, host }: RedactedErrorResponse): string {
  if (status === 404) return `The base URL may be wrong: Gemini's API must be at <base URL>/v1beta.`;
  const keyHint = status === 401 || status === 403 ? ` Or ${host} does not accept this API key.` : '';
  return getWrongHostHint(host) + keyHint;
}
