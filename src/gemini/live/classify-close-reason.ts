import { getNextPacificMidnight } from '../../driver/pacific-day.js';
import { BoticelliError, QuotaExceeded, StreamInterrupted } from '../../errors.js';
import { builtInModels } from '../../facts/models.js';
import type { Redact } from '../api-key.js';
import { createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import { createStreamInterruptedError, getWrongHostHint } from '../errors/invalid-response.js';
import { toOneLine } from '../errors/one-line.js';
import { findSimilarNames } from '../errors/unknown-model.js';
import { isLiveOnly } from '../models/capabilities.js';
import type { CloseReason } from './socket.js';

/** What has ended, and when. */
export interface CloseContext {
  model: string;
  /** `host:port`. */
  host: string;
  redact: Redact;
  /** `setup` until the session stood, then `turn`. */
  phase: 'setup' | 'turn';
  /** The reply's text so far. */
  partialText: string;
  /** Milliseconds since the epoch. */
  now: number;
}

type SocketClosed = Extract<CloseReason, { kind: 'closed' }>;

// Normal, going away, none given, none at all: what says nothing about the request.
const genericCloseCodes = new Set([1000, 1001, 1005, 1006]);
const quotaPattern = /quota|RESOURCE_EXHAUSTED|rate.?limit|too many|concurrent/i;
const apiKeyPattern = /api.?key|unregistered callers|permission.?denied|unauthenticated|credential/i;

/** Whether a session just went, and another one may be opened for the same turn. */
export function isConnectionLoss(closeReason: CloseReason): boolean {
  // A session that reached its end is closed so after goAway (kizuna-ai-lab/sokuji#179, seen 2026-04).
  return (
    closeReason.kind === 'closed' &&
    (genericCloseCodes.has(closeReason.code) || /deadline expired/i.test(closeReason.reason))
  );
}

/** Whether the service would not have what it was sent: the setup, or the turn. 1007 for a wrong key is another thing. */
export function isInvalidArgument(closeReason: CloseReason): boolean {
  return (
    closeReason.kind === 'closed' &&
    closeReason.code === 1007 &&
    !apiKeyPattern.test(closeReason.reason) &&
    !quotaPattern.test(closeReason.reason)
  );
}

/** The error that an end of a connection stands for, by its close code and reason (wire.md). */
export function classifyCloseReason(closeReason: CloseReason, context: CloseContext): BoticelliError {
  if (closeReason.kind === 'refused') return closeReason.error;
  if (closeReason.kind === 'malformed') return createMalformedFrameError(closeReason.frame, context);
  const description = describeClose(closeReason, context);
  const cause = new Error(`closed with ${description}`);
  if (quotaPattern.test(closeReason.reason)) return createQuotaError(closeReason.reason, description, cause, context);
  if (apiKeyPattern.test(closeReason.reason)) {
    return new BoticelliError('auth', `the service refused the API key: ${description}`, {
      hint: 'Check GEMINI_API_KEY; keys are made at https://aistudio.google.com/apikey.',
      cause,
    });
  }
  if (closeReason.code === 1007 || closeReason.code === 1009) {
    return new BoticelliError('invalid_request', `the service can't take this request: ${description}`, {
      hint: 'The same request would be refused again: change the narrative.',
      cause,
    });
  }
  if (closeReason.code === 1008 && context.partialText === '')
    return createUnknownModelError(description, cause, context);
  return createDisconnectError(closeReason, description, cause, context);
}

/** `1011, Internal error occurred`, or what the network says. */
function describeClose({ code, reason, cause }: SocketClosed, { redact }: CloseContext): string {
  const detail = reason !== '' ? reason : cause ? describeNetworkError(cause) : '';
  return toOneLine(redact(detail === '' ? `${code}` : `${code}, ${detail}`));
}

function createMalformedFrameError(frame: string, { phase, host, redact, partialText }: CloseContext): BoticelliError {
  const excerpt = toOneLine(redact(frame), 80);
  if (phase === 'turn')
    return createStreamInterruptedError(`a frame is malformed: ${excerpt}`, { partialText: () => partialText });
  return new BoticelliError('unavailable', `${host} answered with "${excerpt}" instead of a Live session`, {
    hint: getWrongHostHint(host),
  });
}

/** A close has no details: a reason of 123 bytes at most is all that tells the day from the minute. */
function createQuotaError(
  reason: string,
  description: string,
  cause: Error,
  { model, now }: CloseContext,
): QuotaExceeded {
  if (/per.?day|daily/i.test(reason)) {
    return new QuotaExceeded('quota_exhausted', `the day's quota of ${model} is used up (${description})`, {
      hint: 'It returns at midnight Pacific time; until then use another model.',
      retryAt: getNextPacificMidnight(now),
      ...{ cause, violations: [] },
    });
  }
  return new QuotaExceeded('rate_limited', `${model} is limited for now: ${description}`, {
    hint: 'Live models allow few sessions at once. Try again in a minute, or use another model.',
    ...{ cause, violations: [] },
  });
}

function createUnknownModelError(description: string, cause: Error, { model }: CloseContext): BoticelliError {
  const liveModels = [...builtInModels.keys()].filter((name) => isLiveOnly(name) && name !== model);
  const nearest = findSimilarNames(model, liveModels);
  return new BoticelliError('model_not_found', `the service has no Live model ${model} (${description})`, {
    hint: `Live models that are known: ${(nearest.length > 0 ? nearest : liveModels).join(', ')}.`,
    cause,
  });
}

/** In the midst of a turn text may have come, before it nothing has: the same request may be sent again. */
function createDisconnectError(
  { code, cause: networkError }: SocketClosed,
  description: string,
  cause: Error,
  context: CloseContext,
): BoticelliError {
  const { phase, host, partialText } = context;
  const rootCause = networkError ? createNetworkCause(networkError) : cause;
  if (phase === 'turn' && (genericCloseCodes.has(code) || partialText !== '')) {
    return new StreamInterrupted(`the stream was interrupted: ${host} closed the connection (${description})`, {
      ...{ partialText, cause: rootCause },
      hint: 'Run it again: the pieces of two attempts are never joined.',
    });
  }
  if (genericCloseCodes.has(code)) {
    return new BoticelliError(
      'unavailable',
      `${host} closed the connection before the session was set up (${description})`,
      {
        hint: 'Try again later, or use another model.',
        ...{ isTransient: true, cause: rootCause },
      },
    );
  }
  return new BoticelliError('unavailable', `the service is not available: ${description}`, {
    hint: 'Try again later, or use another model.',
    // 1002 and 1003: we are not understood, and would not be the next time.
    ...{ isTransient: code !== 1002 && code !== 1003, cause },
  });
}
