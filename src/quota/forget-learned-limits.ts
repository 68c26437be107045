import { createModelState, type ModelState } from './limiter/model-state.js';
import { modelStateKey, projectStateKey } from './limiter/model-state-access.js';
import type { LearnedLimits } from './limits.js';
import type { QuotaStore } from './stores/quota-store.js';

/** What was forgotten about one model. Times are milliseconds since the epoch. */
export interface ForgetResult {
  model: string;
  /** The learned limits; empty if there were none. */
  learned: LearnedLimits;
  /** For an alias: the model that served it. Its limits are forgotten too: the next result lists them. */
  aliasTarget?: string;
  /**
   * The end of the block that was forgotten: the daily quota was used up, or the API had asked for a delay of more than
   * ten minutes.
   */
  blockedUntil?: number;
  /**
   * The end of the pause that was forgotten. The pause followed a rejection for a per-minute limit or a spend-based
   * limit.
   */
  pausedUntil?: number;
  /** Whether rejections had enlarged the safety margin that is added to each window (`ModelState.marginFactor`). */
  wasMarginEnlarged: boolean;
  /** Whether a ratio that corrects token estimates had been learned (`ModelState.tokenRatio`). */
  wasTokenRatioLearned: boolean;
  /**
   * The most requests served within one window. Until it was forgotten, it replaced a guessed `rpm` that is lower.
   * Only a number above `freeTierRpm` is recorded, because no guess is lower than `freeTierRpm`.
   */
  maxAcceptedPerWindow?: number;
}

/**
 * Forgets what was learned about a model and, for an alias, about the model that serves it. A pause of the project ends
 * for these models and for models of which nothing is stored yet. Other models have their own copy of the pause, which
 * stays. Reservations and request counts stay too, because the API counts those requests anyway.
 */
export async function forgetLearnedLimits(store: QuotaStore, project: string, model: string): Promise<ForgetResult[]> {
  const results: ForgetResult[] = [];
  // If the state of the project stayed, the next process would copy the pause from it into the model's state again.
  await store.remove(projectStateKey(project));
  let next: string | undefined = model;
  while (next !== undefined && !results.some((result) => result.model === next)) {
    const current: string = next;
    const key = modelStateKey(project, current);
    const servedBy = await store.transact(key, (state) => state.servedBy);
    const servingState =
      servedBy === undefined ? undefined : (await store.readAll()).get(modelStateKey(project, servedBy));
    results.push(
      await store.transact(key, (state) => {
        // `forgetInState` also forgets which model serves the alias. Until a reply names that model again, the requests
        // of the alias are counted in the alias's own state. The earlier requests must be in that state too, so they
        // are copied from the state of the serving model.
        if (servingState) copyRequests(servingState, state);
        return forgetInState(state, current);
      }),
    );
    next = servedBy;
  }
  return results;
}

/** Adds the sent requests of `source` to `target`, and sets the day counts of `target` to those of `source`. */
function copyRequests(source: ModelState, target: ModelState): void {
  const { reservations } = target;
  const knownIds = new Set(reservations.map(({ id }) => id));
  reservations.push(...source.reservations.filter(({ id, confirmed }) => confirmed && !knownIds.has(id)));
  reservations.sort((left, right) => left.at - right.at);
  target.days = structuredClone(source.days);
}

function forgetInState(state: ModelState, model: string): ForgetResult {
  const { learned, servedBy, blockedUntil, pausedUntil, marginFactor, tokenRatio, maxAcceptedPerWindow } = state;
  const { rejectionCount, marginFactor: defaultMarginFactor } = createModelState();
  Object.assign(state, { learned: {}, rejectionCount, marginFactor: defaultMarginFactor });
  delete state.servedBy;
  delete state.blockedUntil;
  delete state.pausedUntil;
  delete state.tokenRatio;
  delete state.maxAcceptedPerWindow;
  return {
    model,
    learned,
    ...(servedBy !== undefined && { aliasTarget: servedBy }),
    ...(blockedUntil !== undefined && { blockedUntil }),
    ...(pausedUntil !== undefined && { pausedUntil }),
    wasMarginEnlarged: marginFactor > defaultMarginFactor,
    wasTokenRatioLearned: tokenRatio !== undefined,
    ...(maxAcceptedPerWindow !== undefined && { maxAcceptedPerWindow }),
  };
}
