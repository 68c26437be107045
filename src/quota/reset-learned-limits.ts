import { createModelState, type ModelState } from './limiter/model-state.js';
import { modelStateKey } from './limiter/project-state.js';
import type { LearnedLimits } from './limits.js';
import type { QuotaStore } from './stores/quota-store.js';

/** What was forgotten of one model. Empty fields where nothing of that kind was known. */
export interface ResetResult {
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
export async function resetLearnedLimits(store: QuotaStore, project: string, model: string): Promise<ResetResult[]> {
  const results: ResetResult[] = [];
  let next: string | undefined = model;
  while (next !== undefined && !results.some((result) => result.model === next)) {
    const current: string = next;
    const standsFor = await store.transact(modelStateKey(project, current), (state) => state.standsFor);
    const targetState =
      standsFor === undefined ? undefined : (await store.readAll()).get(modelStateKey(project, standsFor));
    results.push(
      await store.transact(modelStateKey(project, current), (state) => {
        // Until it is learned anew what the name stands for, its requests are booked here: beside those that were sent.
        if (targetState) copyConfirmed(targetState, state);
        return resetState(state, current);
      }),
    );
    next = standsFor;
  }
  return results;
}

function copyConfirmed({ appointments, days }: ModelState, state: ModelState): void {
  const knownIds = new Set(state.appointments.map(({ id }) => id));
  state.appointments.push(...appointments.filter(({ id, confirmed }) => confirmed && !knownIds.has(id)));
  state.appointments.sort((left, right) => left.at - right.at);
  state.days = structuredClone(days);
}

function resetState(state: ModelState, model: string): ResetResult {
  const { learned, standsFor, closedUntil, notBefore, guardFactor, tokenRatio } = state;
  const { refusals, guardFactor: defaultGuardFactor } = createModelState();
  Object.assign(state, { learned: {}, refusals, guardFactor: defaultGuardFactor });
  delete state.standsFor;
  delete state.closedUntil;
  delete state.notBefore;
  delete state.tokenRatio;
  return {
    model,
    learned,
    ...(standsFor !== undefined && { stoodFor: standsFor }),
    ...(closedUntil !== undefined && { closedUntil }),
    ...(notBefore !== undefined && { notBefore }),
    guard: guardFactor > defaultGuardFactor,
    tokenRatio: tokenRatio !== undefined,
  };
}
