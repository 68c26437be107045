import { nextPacificMidnight } from '../../driver/pacific-day.js';
import { BoticelliError, QuotaRefused, StreamInterrupted } from '../../errors.js';
import { knownModels } from '../../facts.js';
import type { Redact } from '../api-key.js';
import { networkCause, networkReason } from '../errors/classify-network-error.js';
import { interrupted, wrongHost } from '../errors/invalid-response.js';
import { nearestNames } from '../errors/nearest-names.js';
import { oneLine } from '../errors/one-line.js';
import { isLiveOnly } from '../models/capabilities.js';
import type { LiveEnd } from './socket.js';

/** What has ended, and when. */
export interface EndedCall {
  model: string;
  /** `host:port`. */
  host: string;
  redact: Redact;
  /** `setup` until the session stood, then `turn`. */
  during: 'setup' | 'turn';
  /** The reply's text so far. */
  partialText: string;
  /** Milliseconds since the epoch. */
  now: number;
}

type Closed = Extract<LiveEnd, { how: 'closed' }>;

// Normal, going away, none given, none at all: what says nothing about the request.
const meaninglessCodes = new Set([1000, 1001, 1005, 1006]);
const quotaWords = /quota|RESOURCE_EXHAUSTED|rate.?limit|too many|concurrent/i;
const keyWords = /api.?key|unregistered callers|permission.?denied|unauthenticated|credential/i;

/** Whether a session just went, and another one may be opened for the same turn. */
export function isLoss(end: LiveEnd): boolean {
  // A session that reached its end is closed so after goAway (kizuna-ai-lab/sokuji#179, seen 2026-04).
  return end.how === 'closed' && (meaninglessCodes.has(end.code) || /deadline expired/i.test(end.reason));
}

/** Whether the service would not have what it was sent: the setup, or the turn. 1007 for a wrong key is another thing. */
export function isInvalidArgument(end: LiveEnd): boolean {
  return end.how === 'closed' && end.code === 1007 && !keyWords.test(end.reason) && !quotaWords.test(end.reason);
}

/** The error that an end of a connection stands for, by its close code and reason (wire.md). */
export function errorOfEnd(end: LiveEnd, call: EndedCall): BoticelliError {
  if (end.how === 'refused') return end.error;
  if (end.how === 'malformed') return malformed(end.frame, call);
  const said = wordsOf(end, call);
  const cause = new Error(`closed with ${said}`);
  if (quotaWords.test(end.reason)) return quotaRefused(end.reason, said, cause, call);
  if (keyWords.test(end.reason)) {
    return new BoticelliError('auth', `the service refused the API key: ${said}`, {
      hint: 'Check GEMINI_API_KEY; keys are made at https://aistudio.google.com/apikey.',
      cause,
    });
  }
  if (end.code === 1007 || end.code === 1009) {
    return new BoticelliError('invalid_request', `the service can't take this request: ${said}`, {
      hint: 'The same request would be refused again: change the narrative.',
      cause,
    });
  }
  if (end.code === 1008 && call.partialText === '') return unknownLiveModel(said, cause, call);
  return brokenOff(end, said, cause, call);
}

/** `1011, Internal error occurred`, or what the network says. */
function wordsOf({ code, reason, cause }: Closed, { redact }: EndedCall): string {
  const why = reason !== '' ? reason : cause ? networkReason(cause) : '';
  return oneLine(redact(why === '' ? `${code}` : `${code}, ${why}`));
}

function malformed(frame: string, { during, host, redact, partialText }: EndedCall): BoticelliError {
  const what = oneLine(redact(frame), 80);
  if (during === 'turn') return interrupted(`a frame is malformed: ${what}`, { partialText: () => partialText });
  return new BoticelliError('unavailable', `${host} answered with "${what}" instead of a Live session`, {
    hint: wrongHost(host),
  });
}

/** A close has no details: a reason of 123 bytes at most is all that tells the day from the minute. */
function quotaRefused(reason: string, said: string, cause: Error, { model, now }: EndedCall): QuotaRefused {
  if (/per.?day|daily/i.test(reason)) {
    return new QuotaRefused('quota_exhausted', `the day's quota of ${model} is used up (${said})`, {
      hint: 'It returns at midnight Pacific time; until then use another model.',
      retryAt: nextPacificMidnight(now),
      ...{ cause, facts: [] },
    });
  }
  return new QuotaRefused('rate_limited', `${model} is limited for now: ${said}`, {
    hint: 'Live models allow few sessions at once. Try again in a minute, or use another model.',
    ...{ cause, facts: [] },
  });
}

function unknownLiveModel(said: string, cause: Error, { model }: EndedCall): BoticelliError {
  const known = [...knownModels.keys()].filter((name) => isLiveOnly(name) && name !== model);
  const near = nearestNames(model, known);
  return new BoticelliError('model_not_found', `the service has no Live model ${model} (${said})`, {
    hint: `Live models that are known: ${(near.length > 0 ? near : known).join(', ')}.`,
    cause,
  });
}

/** In the midst of a turn text may have come, before it nothing has: the same request may be sent again. */
function brokenOff({ code, cause: below }: Closed, said: string, cause: Error, call: EndedCall): BoticelliError {
  const { during, host, partialText } = call;
  const why = below ? networkCause(below) : cause;
  if (during === 'turn' && (meaninglessCodes.has(code) || partialText !== '')) {
    return new StreamInterrupted(`the stream was interrupted: ${host} closed the connection (${said})`, {
      ...{ partialText, cause: why },
      hint: 'Run it again: the pieces of two attempts are never joined.',
    });
  }
  if (meaninglessCodes.has(code)) {
    return new BoticelliError('unavailable', `${host} closed the connection before the session was set up (${said})`, {
      hint: 'Try again later, or use another model.',
      ...{ passing: true, cause: why },
    });
  }
  return new BoticelliError('unavailable', `the service is not available: ${said}`, {
    hint: 'Try again later, or use another model.',
    // 1002 and 1003: we are not understood, and would not be the next time.
    ...{ passing: code !== 1002 && code !== 1003, cause },
  });
}
