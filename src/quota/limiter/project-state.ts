import type { Clock } from '../../driver/clock.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type ModelState, refreshState, type StoredReservation } from './model-state.js';
import { insertReservation, removeReservation } from './schedule.js';

export interface ProjectStateOptions {
  store: QuotaStore;
  clock: Clock;
  project: string;
  windowMs?: number;
}

/** The pages of one project, found by the name that a model is asked by. */
export interface ProjectState {
  /** Works on the page that a model's requests are counted on: that of the model which an alias stands for. */
  updateCounted<Result>(
    requested: string,
    change: (state: ModelState, now: number, model: string) => Result,
  ): Promise<Result>;
  /**
   * Learns which model a name stands for. What was booked under the name alone moves along: else the requests that are
   * under way would be missing where they count.
   * @param id the appointment by which this was learned; it moves along in any case
   */
  linkAlias(requested: string, target: string, id: string): Promise<void>;
}

/** The key of a page: what quota is counted by. */
export function modelStateKey(project: string, model: string): string {
  return `gemini ${encodeURIComponent(project)} ${model}`;
}

/** An alias of an alias is possible; more than a few are a circle, and end where they are. */
export const maxAliasDepth = 4;

export function createProjectState({ store, clock, project, windowMs = 60_000 }: ProjectStateOptions): ProjectState {
  const updateState = <Result>(model: string, change: (state: ModelState, now: number) => Result): Promise<Result> =>
    store.transact(modelStateKey(project, model), (state) => {
      const now = clock.now();
      refreshState(state, now, windowMs);
      return change(state, now);
    });

  const updateCounted: ProjectState['updateCounted'] = async (requested, change) => {
    let model = requested;
    for (let depth = 1; ; depth += 1) {
      const outcome = await updateState(model, (state, now) =>
        state.standsFor !== undefined && depth < maxAliasDepth
          ? { aliasOf: state.standsFor }
          : { result: change(state, now, model) },
      );
      if ('result' in outcome) return outcome.result;
      model = outcome.aliasOf;
    }
  };

  return {
    updateCounted,
    async linkAlias(requested, target, id) {
      const current = await updateCounted(requested, (_state, _now, model) => model);
      if (current === target) return;
      const isOwnState = current === requested;
      const selectMoving = (state: ModelState) =>
        state.appointments.filter((reservation) => isOwnState || reservation.id === id);
      // First to where they count, then off the old page: at no moment are they on neither.
      const copied = await updateState(current, selectMoving);
      await updateState(target, (state) => insertMissing(state, copied));
      const addedMeanwhile = await updateState(current, (state) => {
        if (isOwnState) state.standsFor = target;
        return selectMoving(state).flatMap(({ id: movedId }) => removeReservation(state, movedId) ?? []);
      });
      await updateState(target, (state) => insertMissing(state, addedMeanwhile));
      if (!isOwnState && requested !== target)
        await updateState(requested, (state) => Object.assign(state, { standsFor: target }));
    },
  };
}

function insertMissing(state: ModelState, reservations: readonly StoredReservation[]): void {
  delete state.standsFor;
  const knownIds = new Set(state.appointments.map(({ id }) => id));
  for (const reservation of reservations) if (!knownIds.has(reservation.id)) insertReservation(state, reservation);
}
