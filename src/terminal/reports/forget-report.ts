import type { LimitKind } from '../../facts/limits.js';
import type { ForgetResult } from '../../quota/forget-learned-limits.js';
import { formatCount, formatDateTime, toIsoTime } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';
import { formatPerWindow } from './limits-report.js';

interface ForgetReportOptions {
  /** The period to which per-minute limits apply. */
  windowMs: number;
  /** Whether a time is the end of a day of the daily quota. */
  isEndOfDay: (time: number) => boolean;
}

/** Formats what was forgotten about a model. */
export function formatForgetResult(result: ForgetResult, { windowMs, isEndOfDay }: ForgetReportOptions): string[] {
  const {
    model,
    learned,
    aliasTarget,
    blockedUntil,
    pausedUntil,
    wasMarginEnlarged,
    wasTokenRatioLearned,
    maxAcceptedPerWindow,
  } = result;
  const items = [
    ...Object.entries(learned).map(
      ([kind, { value }]) => `the limit of ${formatLimit(value, kind as LimitKind, windowMs)}`,
    ),
    ...(blockedUntil === undefined ? [] : [formatBlock(blockedUntil, isEndOfDay(blockedUntil))]),
    ...(pausedUntil === undefined ? [] : ['the pause after a rejection']),
    ...(wasMarginEnlarged ? ['the larger safety margin after rejections'] : []),
    ...(maxAcceptedPerWindow === undefined
      ? []
      : [`the highest rate that was served (${formatLimit(maxAcceptedPerWindow, 'rpm', windowMs)})`]),
    ...(wasTokenRatioLearned ? ['the correction of token estimates'] : []),
    ...(aliasTarget === undefined ? [] : [`the alias target ${aliasTarget}`]),
  ];
  const text = items.length === 0 ? 'nothing to delete' : `deleted ${items.join(', and ')}`;
  return [toPrintableLine(`${model}: ${text}`)];
}

function formatBlock(blockedUntil: number, isEndOfDay: boolean): string {
  const reason = isEndOfDay ? 'daily quota used up' : 'the service asked for a delay of more than ten minutes';
  return `the block until ${formatDateTime(new Date(blockedUntil))} (${reason})`;
}

function formatLimit(value: number, kind: LimitKind, windowMs: number): string {
  switch (kind) {
    case 'rpm':
      return `${formatCount(value, 'request')} ${formatPerWindow(windowMs)}`;
    case 'tpm':
      return `${formatCount(value, 'input token')} ${formatPerWindow(windowMs)}`;
    case 'rpd':
      return `${formatCount(value, 'request')} per day`;
    case 'maxConcurrent':
      return formatCount(value, 'concurrent request');
  }
}

/** Returns the document of `--format json`, with times in ISO 8601. */
export function toForgetDocument(result: ForgetResult) {
  const { model, learned, aliasTarget, wasMarginEnlarged, wasTokenRatioLearned } = result;
  const { blockedUntil, pausedUntil, maxAcceptedPerWindow } = result;
  const limits = Object.entries(learned).map(([kind, { value, learnedAt }]) => [
    kind,
    { value, learnedAt: toIsoTime(learnedAt) },
  ]);
  return {
    // The names of the JSON fields are fixed. The code has other names for most of them.
    ...{ model, tokenRatio: wasTokenRatioLearned },
    ...(maxAcceptedPerWindow !== undefined && { servedInWindow: maxAcceptedPerWindow }),
    ...{ guard: wasMarginEnlarged, learned: Object.fromEntries(limits) },
    ...(aliasTarget !== undefined && { stoodFor: aliasTarget }),
    ...(blockedUntil !== undefined && { closedUntil: toIsoTime(blockedUntil) }),
    ...(pausedUntil !== undefined && { notBefore: toIsoTime(pausedUntil) }),
  };
}
