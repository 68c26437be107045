import type { ErrorReport } from '../../errors.js';
import type { Prompt } from '../../executor/acts/act-details.js';
import type { ActEnd } from '../../executor/narrative-events.js';
import { isRecord } from '../../util/json.js';
import type { ActProgressEvent, RecordedTiming } from './run-recorder.js';

/*
 * The database may be damaged, or come with a folder that someone else wrote. These functions accept what can be used,
 * so that no command fails because of a single value.
 */

/**
 * Returns the end event of an act, with values of the wrong type replaced or left out. Returns undefined if the event
 * is not an object.
 */
export function toActEnd(value: unknown, act: string): ActEnd | undefined {
  if (!isRecord(value)) return undefined;
  const texts = { act, model: 'unknown', requestedModel: 'unknown', text: '', finishReason: 'unknown' };
  const numbers = { index: 0, attempts: 0, waitMs: 0, durationMs: 0 };
  const { usage, reused, firstTokenMs, costUsd, audio, ...rest } = value;
  const replacements = Object.entries({ ...texts, ...numbers }).filter(([name, replacement]) => {
    return typeof value[name] !== typeof replacement;
  });
  return {
    ...(rest as unknown as ActEnd),
    ...Object.fromEntries(replacements),
    type: 'act-end',
    usage: isRecord(usage) ? usage : {},
    reused: reused === true,
    ...(Number.isFinite(firstTokenMs) && { firstTokenMs: Number(firstTokenMs) }),
    ...(Number.isFinite(costUsd) && { costUsd: Number(costUsd) }),
    ...(isRecord(audio) &&
      Number.isFinite(audio.durationMs) && { audio: audio as unknown as ActEnd['audio'] & object }),
  };
}

/** The required fields of each event. The value of a field is an example of its type. */
const eventFields: Readonly<Record<ActProgressEvent['type'], Readonly<Record<string, unknown>>>> = {
  'act-wait': { reason: '', model: '', waitMs: 0 },
  'act-retry': { attempt: 0, delayMs: 0, error: {} },
  'act-fallback': { from: '', to: '', reason: '' },
  'act-note': { message: '' },
};

/** Whether a value is an event whose required fields have the required types. */
export function isProgressEvent(value: unknown): value is ActProgressEvent {
  if (!isRecord(value) || typeof value.type !== 'string' || !Object.hasOwn(eventFields, value.type)) return false;
  const fields = eventFields[value.type as ActProgressEvent['type']];
  return (
    Object.entries(fields).every(([name, example]) => typeof value[name] === typeof example) &&
    (value.type !== 'act-retry' || isErrorReport(value.error))
  );
}

/** Whether a value is a timing whose numbers and waits can be used. */
export function isTiming(value: unknown): value is RecordedTiming {
  if (!isRecord(value) || !Array.isArray(value.waits) || !value.waits.every(isRecord)) return false;
  const numbers = [
    value.startedAt,
    value.durationMs,
    ...value.waits.flatMap((wait) => [wait.startMs, wait.durationMs]),
  ];
  return numbers.every(Number.isFinite) && value.waits.every(({ reason }) => typeof reason === 'string');
}

/** Whether a value is a prompt that can be shown. */
export function isPrompt(value: unknown): value is Prompt {
  if (!isRecord(value) || !isRecord(value.parameters) || !Array.isArray(value.parts)) return false;
  return value.parts.every(
    (part) => isRecord(part) && typeof (part.type === 'text' ? part.text : part.name) === 'string',
  );
}

/** Whether a value is an error that can be shown. */
export function isErrorReport(value: unknown): value is ErrorReport {
  return isRecord(value) && typeof value.code === 'string' && typeof value.message === 'string';
}
