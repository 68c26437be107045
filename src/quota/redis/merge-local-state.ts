import { emptyPage, type Page } from '../limiter/model-state.js';
import { enter } from '../limiter/schedule.js';

export interface Introduction {
  /** What a page that is begun now will be known by. */
  edition: string;
  /** By the clock of those who share the page. */
  now: number;
  /** The time of that clock at a moment of our own. */
  toShared: (at: number) => number;
  windowMs: number;
}

/**
 * Makes a shared page know what this machine sent by itself: while Redis was away, or before it lost its memory. Where the
 * page is a new one, it takes over what this machine learned too; where it is not, it knows better, for somebody may have
 * had it forget.
 * @returns the page's edition
 */
export function introduce(
  page: Page,
  known: Page = emptyPage(),
  { edition, now, toShared, windowMs }: Introduction,
): string {
  const isNew = page.edition === undefined;
  page.edition ??= edition;
  if (isNew) takeOver(page, known, toShared);
  // Where the name is known to stand for another model, the requests are counted there.
  if (page.standsFor !== undefined) return page.edition;
  const isThere = new Set(page.appointments.map(({ id }) => id));
  for (const { at, bookedAt, ...each } of known.appointments) {
    const sent = { ...each, at: toShared(at), bookedAt: Math.min(now, toShared(bookedAt)) };
    if (each.confirmed && !isThere.has(each.id) && sent.at > now - windowMs && sent.at <= now) enter(page, sent);
  }
  // The day's count has those of the last minute in it already.
  if (isNew && known.days.length > 0) page.days = structuredClone(known.days);
  return page.edition;
}

function takeOver(page: Page, known: Page, toShared: Introduction['toShared']): void {
  const { learned, closedUntil, notBefore, guardFactor, tokenRatio, standsFor } = known;
  page.learned = { ...learned, ...page.learned };
  page.guardFactor = Math.max(page.guardFactor, guardFactor);
  if (closedUntil !== undefined) page.closedUntil = Math.max(page.closedUntil ?? 0, closedUntil);
  if (notBefore !== undefined) page.notBefore ??= toShared(notBefore);
  if (tokenRatio !== undefined) page.tokenRatio ??= tokenRatio;
  if (standsFor !== undefined && page.appointments.length === 0) page.standsFor ??= standsFor;
}
