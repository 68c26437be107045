import type { Forgotten } from '../../quota/reset.js';
import { dateAndTime } from '../text/format.js';
import { printableLine } from '../text/printable.js';

const labels = {
  rpm: 'requests a minute',
  tpm: 'input tokens a minute',
  rpd: 'requests a day',
  maxConcurrent: 'requests at once',
} as const;

/** What was forgotten of a model, as a person reads it. */
export function forgottenLines(forgotten: Forgotten): string[] {
  const { model, learned, stoodFor, closedUntil, notBefore, guard, tokenRatio } = forgotten;
  const things = [
    ...Object.entries(learned).map(([kind, { value }]) => `${value} ${labels[kind as keyof typeof labels]}`),
    ...(closedUntil === undefined ? [] : [`closed until ${dateAndTime(new Date(closedUntil))}`]),
    ...(notBefore === undefined ? [] : ['a pause that the service asked for']),
    ...(guard ? ['a wider guard between requests'] : []),
    ...(tokenRatio ? ['how estimates of tokens compare'] : []),
    ...(stoodFor === undefined ? [] : [`that it stands for ${stoodFor}`]),
  ];
  const what = things.length === 0 ? 'there was nothing to forget' : `forgot ${things.join('; ')}`;
  return [printableLine(`${model}: ${what}`)];
}

/** The same for `--format json`: times in ISO 8601. */
export function forgottenDocument({ learned, closedUntil, notBefore, ...rest }: Forgotten) {
  const iso = (moment: number) => new Date(moment).toISOString();
  const limits = Object.entries(learned).map(([kind, { value, learnedAt }]) => [
    kind,
    { value, learnedAt: iso(learnedAt) },
  ]);
  return {
    ...{ ...rest, learned: Object.fromEntries(limits) },
    ...(closedUntil !== undefined && { closedUntil: iso(closedUntil) }),
    ...(notBefore !== undefined && { notBefore: iso(notBefore) }),
  };
}
