import { BoticelliError, QuotaExceeded } from '../../errors.js';
import { builtInModels } from '../../facts/models.js';
import type { Connection } from '../connection.js';
import { classifyHttpError } from '../errors/classify-http-error.js';
import { createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import { classifyQuotaText } from '../errors/classify-quota-error.js';
import { changeRequestHint, checkKeyHint, tryLaterHint } from '../errors/error-hints.js';
import type { ErrorResponse } from '../errors/error-response.js';
import { createStreamInterruptedError, getWrongHostHint } from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { findQuotaReason } from '../errors/quota-text.js';
import { findSimilarNames } from '../errors/unknown-model.js';
import { isLiveOnly } from '../models/capabilities.js';
import type { ConnectionEnd } from './socket.js';

/** The session that ended, and when. */
export interface CloseContext {
  model: string;
  connection: Connection;
  /** `setup` until the session is set up, then `turn`. */
  phase: 'setup' | 'turn';
  /** The reply's text so far. */
  partialText: string;
  /** Milliseconds since the epoch. */
  now: number;
}

type SocketClosed = Extract<ConnectionEnd, { kind: 'closed' }>;

const checkProjectHint =
  'Check the project of the API key at https://aistudio.google.com/apikey, or use a key of another project.';

// These codes mean "normal", "going away", "no code" and "no closing frame". They say nothing about the request.
const genericCloseCodes = new Set([1000, 1001, 1005, 1006]);
const quotaPattern = /quota|RESOURCE_EXHAUSTED|rate.?limit|too many|concurrent/i;
const apiKeyPattern = /api.?key|unregistered callers|unauthenticated|credential/i;
// Seen 2025 and 2026: "Your project has been denied access", "Permission denied on resource project None", "Project
// 'projects/x' not found or deleted" (GoogleCloudPlatform/generative-ai#3061 and #1748).
const accountPattern = /denied access|permission.?denied|\bproject\b.*(not found|deleted|disabled|suspended)/i;
// "models/x is not found for API version v1beta, or is not supported for bidiGenerateContent". The close reason, the
// text of a closing frame, is cut after 123 bytes, so either half of this text must be enough.
const unknownModelPattern = /\bmodels?\b.*\bnot found\b|not supported for bidi/i;

/** Whether a close reason is about a quota or money: "Your prepayment credits are depleted" (sonichi/sutando#569). */
function isAboutQuota(reason: string): boolean {
  return quotaPattern.test(reason) || findQuotaReason(reason) !== undefined;
}

/** Whether only the connection was lost, so that another session may be opened for the same turn. */
export function isConnectionLoss(connectionEnd: ConnectionEnd): boolean {
  // The service sends "deadline expired" when it closes a session that reached its maximum age, after goAway
  // (kizuna-ai-lab/sokuji#179, seen 2026-04).
  return (
    connectionEnd.kind === 'closed' &&
    (genericCloseCodes.has(connectionEnd.code) || /deadline expired/i.test(connectionEnd.reason))
  );
}

/**
 * Whether the service rejected the setup or the turn as invalid, with code 1007. A rejected key or an exceeded quota
 * can have the same code, but does not count.
 */
export function isInvalidArgument(connectionEnd: ConnectionEnd): boolean {
  return hasUnexplainedCode(connectionEnd, 1007);
}

/** Whether the service failed with code 1011, which is also its answer to some requests that it does not support. */
export function isInternalError(connectionEnd: ConnectionEnd): boolean {
  return hasUnexplainedCode(connectionEnd, 1011) && !isConnectionLoss(connectionEnd);
}

/** Whether the close has this code, and its close reason names neither the key nor the project nor a quota. */
function hasUnexplainedCode(connectionEnd: ConnectionEnd, code: number): boolean {
  if (connectionEnd.kind !== 'closed' || connectionEnd.code !== code) return false;
  const { reason } = connectionEnd;
  return !isAboutQuota(reason) && !apiKeyPattern.test(reason) && !accountPattern.test(reason);
}

/** Classifies the end of a connection. If it was closed, its close code and close reason decide. */
export function classifyConnectionEnd(connectionEnd: ConnectionEnd, context: CloseContext): BoticelliError {
  switch (connectionEnd.kind) {
    case 'refused':
      return connectionEnd.error;
    case 'malformed':
      return createMalformedFrameError(connectionEnd.detail, context);
    case 'closed':
      return classifySocketClosed(connectionEnd, context);
    default:
      return connectionEnd satisfies never;
  }
}

function classifySocketClosed(connectionEnd: SocketClosed, context: CloseContext): BoticelliError {
  const { code, reason } = connectionEnd;
  const description = describeClose(connectionEnd, context);
  const cause = new Error(`closed with ${description}`);
  if (isAboutQuota(reason)) return createQuotaError(reason, description, cause, context);
  if (apiKeyPattern.test(reason)) {
    return new BoticelliError('auth', `API key rejected: ${description}`, { hint: checkKeyHint, cause });
  }
  if (accountPattern.test(reason)) {
    return new BoticelliError('auth', `access denied: ${description}`, { hint: checkProjectHint, cause });
  }
  if (code === 1007 || code === 1009) {
    const hint = changeRequestHint;
    return new BoticelliError('invalid_request', `request rejected: ${description}`, { hint, cause });
  }
  if (code === 1008 && isUnknownModel(reason, context)) return createUnknownModelError(description, cause, context);
  return createDisconnectError(connectionEnd, description, cause, context);
}

/**
 * Whether a close with code 1008 means that there is no such model. The code alone does not say so: after the setup the
 * model exists, and the service also closes running sessions with "The operation was aborted", "Operation is not
 * implemented, or supported, or enabled" and "Requested entity was not found" (googleapis/js-genai#1236,
 * autonomous-ai/autonomous-os#231, google-gemini/deprecated-generative-ai-js#487; seen 2025-11 to 2026-08). After
 * such a close, another attempt may succeed.
 */
function isUnknownModel(reason: string, { model, phase, partialText }: CloseContext): boolean {
  if (partialText !== '') return false;
  return unknownModelPattern.test(reason) || (phase === 'setup' && reason.includes(model));
}

/** Describes a close as `1011, "Internal error occurred"`, or by its network error. */
function describeClose({ code, reason, cause }: SocketClosed, { connection: { redact } }: CloseContext): string {
  if (reason !== '') return `${code}, "${toOneLine(redact(reason))}"`;
  return cause ? toOneLine(redact(`${code}, ${describeNetworkError(cause)}`)) : `${code}`;
}

function createMalformedFrameError(detail: string, { phase, connection, partialText }: CloseContext): BoticelliError {
  const { host, redact } = connection;
  const excerpt = toOneLine(redact(detail), 80);
  if (phase === 'turn') return createStreamInterruptedError(`malformed frame: ${excerpt}`, partialText);
  const message = `${host} answered with "${excerpt}" instead of a Live session`;
  return new BoticelliError('unavailable', message, { hint: getWrongHostHint(host) });
}

/**
 * Creates the error of an exceeded quota. A closing frame has no details, so only the close reason, a text of up to 123
 * bytes, distinguishes missing money and a daily quota from a limit for which a short wait is enough.
 */
function createQuotaError(reason: string, description: string, cause: Error, context: CloseContext): QuotaExceeded {
  const { model, now } = context;
  const explained = classifyQuotaText(reason, { model, description, now, cause });
  if (explained) return explained;
  return new QuotaExceeded('rate_limited', `${model} is rate-limited (${description})`, {
    hint: 'Live models allow few sessions at a time. Try again in a minute, or use another model.',
    ...{ cause, violations: [] },
  });
}

function createUnknownModelError(description: string, cause: Error, { model }: CloseContext): BoticelliError {
  const liveModels = [...builtInModels.keys()].filter((name) => isLiveOnly(name) && name !== model);
  const similar = findSimilarNames(model, liveModels);
  return new BoticelliError('model_not_found', `Live model ${model} not found (${description})`, {
    hint: `Known Live models: ${(similar.length > 0 ? similar : liveModels).join(', ')}.`,
    cause,
  });
}

/**
 * Creates the error of a lost connection: StreamInterrupted if a turn broke off after its first text or with a close
 * code that gives no reason, otherwise `unavailable`.
 */
function createDisconnectError(
  { code, cause: networkError }: SocketClosed,
  description: string,
  closeError: Error,
  { phase, connection: { host }, partialText }: CloseContext,
): BoticelliError {
  const cause = networkError ? createNetworkCause(networkError) : closeError;
  if (phase === 'turn' && (genericCloseCodes.has(code) || partialText !== '')) {
    return createStreamInterruptedError(`${host} closed the connection (${description})`, partialText, cause);
  }
  const hint = tryLaterHint;
  if (genericCloseCodes.has(code)) {
    const message = `${host} closed the connection before the session was set up (${description})`;
    return new BoticelliError('unavailable', message, { hint, isTransient: true, cause });
  }
  // 1002 and 1003: the service can't read our frames, so a retry would not help.
  const isTransient = code !== 1002 && code !== 1003;
  return new BoticelliError('unavailable', `service unavailable: ${description}`, {
    hint,
    isTransient,
    cause: closeError,
  });
}

/**
 * Classifies an HTTP response to the upgrade, or an error in a frame, like a REST response. The one difference: a 404
 * does not refer to the model.
 */
export function classifyErrorResponse(
  response: ErrorResponse,
  { connection, model, now }: { connection: Connection; model: string; now: number },
): BoticelliError {
  const { host, redact } = connection;
  if (response.status === 404) {
    return new BoticelliError('unavailable', `${host} has no Live API (404)`, { hint: getWrongHostHint(host) });
  }
  return classifyHttpError({ ...response, body: redact(response.body), model, host, now });
}
