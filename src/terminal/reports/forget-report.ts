import type { LimitKind } from '../../facts/limits.js';
import type { ForgetResult } from '../../quota/forget-learned-limits.js';
import { formatDateTime, toIsoTime } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';

const labels = {
  rpm: 'requests per minute',
  tpm: 'input tokens per minute',
  rpd: 'requests per day',
  maxConcurrent: 'concurrent requests',
} as const satisfies Record<LimitKind, string>;

/** Formats what was forgotten about a model. */
export function formatForgetResult(result: ForgetResult): string[] {
  const {
    model,
    learned,
    wasServedBy,
    blockedUntil,
    pausedUntil,
    wasMarginEnlarged,
    wasTokenRatioLearned,
    maxAcceptedPerWindow,
  } = result;
  const items = [
    ...Object.entries(learned).map(([kind, { value }]) => `the limit of ${formatLimit(value, kind as LimitKind)}`),
    ...(blockedUntil === undefined
      ? []
      : [`the block until ${formatDateTime(new Date(blockedUntil))} (daily quota used up)`]),
    ...(pausedUntil === undefined ? [] : ['a delay requested by the service']),
    ...(wasMarginEnlarged ? ['the larger safety margin after rejections'] : []),
    ...(maxAcceptedPerWindow === undefined
      ? []
      : [`the highest rate that was served (${maxAcceptedPerWindow} ${labels.rpm})`]),
    ...(wasTokenRatioLearned ? ['the correction of token estimates'] : []),
    ...(wasServedBy === undefined ? [] : [`the alias target ${wasServedBy}`]),
  ];
  const text = items.length === 0 ? 'nothing to delete' : `deleted ${items.join(', and ')}`;
  return [toPrintableLine(`${model}: ${text}`)];
}

function formatLimit(value: number, kind: LimitKind): string {
  return `${value} ${value === 1 ? labels[kind].replace(/s\b/, '') : labels[kind]}`;
}

/** Returns the document of `--format json`, with times in ISO 8601. */
export function toForgetDocument(result: ForgetResult) {
  const { model, learned, wasServedBy, wasMarginEnlarged, wasTokenRatioLearned } = result;
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
    ...(wasServedBy !== undefined && { stoodFor: wasServedBy }),
    ...(blockedUntil !== undefined && { closedUntil: toIsoTime(blockedUntil) }),
    ...(pausedUntil !== undefined && { notBefore: toIsoTime(pausedUntil) }),
  };
}
