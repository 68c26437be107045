import type { ResetResult } from '../../quota/reset-learned-limits.js';
import { formatDateTime } from '../text/format.js';
import { toPrintableLine } from '../text/printable.js';

const labels = {
  rpm: 'requests a minute',
  tpm: 'input tokens a minute',
  rpd: 'requests a day',
  maxConcurrent: 'requests at once',
} as const;

/** What was forgotten of a model, as a person reads it. */
export function formatResetResult(result: ResetResult): string[] {
  const { model, learned, stoodFor, closedUntil, notBefore, guard, tokenRatio } = result;
  const items = [
    ...Object.entries(learned).map(([kind, { value }]) => `${value} ${labels[kind as keyof typeof labels]}`),
    ...(closedUntil === undefined ? [] : [`closed until ${formatDateTime(new Date(closedUntil))}`]),
    ...(notBefore === undefined ? [] : ['a pause that the service asked for']),
    ...(guard ? ['a wider guard between requests'] : []),
    ...(tokenRatio ? ['how estimates of tokens compare'] : []),
    ...(stoodFor === undefined ? [] : [`that it stands for ${stoodFor}`]),
  ];
  const text = items.length === 0 ? 'there was nothing to forget' : `forgot ${items.join('; ')}`;
  return [toPrintableLine(`${model}: ${text}`)];
}

/** The same for `--format json`: times in ISO 8601. */
export function toResetDocument({ learned, closedUntil, notBefore, ...rest }: ResetResult) {
  const toIsoTime = (timeMs: number) => new Date(timeMs).toISOString();
  const limits = Object.entries(learned).map(([kind, { value, learnedAt }]) => [
    kind,
    { value, learnedAt: toIsoTime(learnedAt) },
  ]);
  return {
    ...{ ...rest, learned: Object.fromEntries(limits) },
    ...(closedUntil !== undefined && { closedUntil: toIsoTime(closedUntil) }),
    ...(notBefore !== undefined && { notBefore: toIsoTime(notBefore) }),
  };
}
