import { correctedTokens, emptyPage, type Page, refresh } from './limiter/model-state.js';
import { enter, guardFor, plan } from './limiter/schedule.js';
import { effectiveLimits, type Limits } from './limits.js';
import { knownModels, type SurveyOptions } from './status.js';

/** A request to come. */
export interface ForeseenRequest {
  model: string;
  /** Of the prompt, by estimate. */
  tokens: number;
}

/** What requests to come will find. Times are milliseconds since the epoch. */
export interface Foresight {
  /** How long they wait for quota in sum, as far as they come. */
  waitMs: number;
  /** The day that is used up before all are sent: so many were, and the next finds no room before then. */
  closed?: { model: string; afterRequests: number; until: number };
}

/**
 * Makes the appointments of requests that follow one another, each as soon as the one before it is sent, in a copy of the quota
 * book: nothing is booked. How long replies take is not known, and so left out.
 */
export function foresee(requests: readonly ForeseenRequest[], options: Omit<SurveyOptions, 'models'>): Foresight {
  const { now, windowMs = 60_000, budget, limitsFor } = options;
  const pages = new Map(knownModels(options).map(([model, page]) => [model, structuredClone(page)]));
  for (const page of pages.values()) refresh(page, now, windowMs);
  let at = now;
  for (const [index, { model: asked, tokens }] of requests.entries()) {
    const model = pages.get(asked)?.standsFor ?? asked;
    const page = pageOf(pages, model);
    const limits: Limits = effectiveLimits(limitsFor(model, asked), page.learned, budget);
    const counted = correctedTokens(page, tokens);
    const planned = plan(page, counted, at, { limits, windowMs, guardMs: guardFor(windowMs, page.guardFactor) });
    if (!planned.open) {
      return { waitMs: at - now, closed: { model, afterRequests: index, until: planned.until } };
    }
    at = planned.at;
    enter(page, { id: `foreseen ${index}`, at, tokens: counted, bookedAt: now, confirmed: true });
  }
  return { waitMs: at - now };
}

function pageOf(pages: Map<string, Page>, model: string): Page {
  const page = pages.get(model) ?? emptyPage();
  pages.set(model, page);
  return page;
}
