import { emptyPage, type Page } from './limiter/model-state.js';
import { pageKey } from './limiter/project-state.js';
import type { LearnedLimits } from './limits.js';
import type { Keeper } from './stores/quota-store.js';

/** What was forgotten of one model. Empty fields where nothing of that kind was known. */
export interface Forgotten {
  model: string;
  learned: LearnedLimits;
  /** The model that the name stood for; what was learned of that one was forgotten too, and follows. */
  stoodFor?: string;
  /** The day that was closed until then, in milliseconds since the epoch. */
  closedUntil?: number;
  /** The moment before which the service took no request. */
  notBefore?: number;
  /** Whether the guard had been widened. */
  guard: boolean;
  /** Whether estimates of tokens had been corrected. */
  tokenRatio: boolean;
}

/**
 * Forgets what was learned of a model, and of the one that it stands for. What was sent and booked stays: the service
 * counts it, whatever we forget.
 */
export async function forgetLearned(keeper: Keeper, project: string, model: string): Promise<Forgotten[]> {
  const forgotten: Forgotten[] = [];
  let name: string | undefined = model;
  while (name !== undefined && !forgotten.some((each) => each.model === name)) {
    const asked: string = name;
    const standsFor = await keeper.transact(pageKey(project, asked), (page) => page.standsFor);
    const counts = standsFor === undefined ? undefined : (await keeper.pages()).get(pageKey(project, standsFor));
    forgotten.push(
      await keeper.transact(pageKey(project, asked), (page) => {
        // Until it is learned anew what the name stands for, its requests are booked here: beside those that were sent.
        if (counts) copySent(counts, page);
        return forgetOn(page, asked);
      }),
    );
    name = standsFor;
  }
  return forgotten;
}

function copySent({ appointments, days }: Page, page: Page): void {
  const known = new Set(page.appointments.map(({ id }) => id));
  page.appointments.push(...appointments.filter(({ id, confirmed }) => confirmed && !known.has(id)));
  page.appointments.sort((left, right) => left.at - right.at);
  page.days = structuredClone(days);
}

function forgetOn(page: Page, model: string): Forgotten {
  const { learned, standsFor, closedUntil, notBefore, guardFactor, tokenRatio } = page;
  const { refusals, guardFactor: narrow } = emptyPage();
  Object.assign(page, { learned: {}, refusals, guardFactor: narrow });
  delete page.standsFor;
  delete page.closedUntil;
  delete page.notBefore;
  delete page.tokenRatio;
  return {
    model,
    learned,
    ...(standsFor !== undefined && { stoodFor: standsFor }),
    ...(closedUntil !== undefined && { closedUntil }),
    ...(notBefore !== undefined && { notBefore }),
    guard: guardFactor > narrow,
    tokenRatio: tokenRatio !== undefined,
  };
}
