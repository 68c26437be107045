import type { Clock } from '../../driver/clock.js';
import type { QuotaStore } from '../stores/quota-store.js';
import { type ModelState, refreshState, type StoredReservation } from './model-state.js';
import { insertReservation, removeReservation } from './schedule.js';

/** The project whose model states are used, and where they are stored. */
export interface ModelStateOptions {
  store: QuotaStore;
  clock: Clock;
  /** The project of the API key. All keys of a project share its limits. */
  project: string;
  /** The length of the window of per-minute limits, in milliseconds. Default 60 000. */
  windowMs?: number;
}

/** Returns the store key of a model's state. Do not change the format, because existing stores use it. */
export function modelStateKey(project: string, model: string): string {
  return `gemini ${encodeURIComponent(project)} ${model}`;
}

/**
 * Returns the store key of a project's own state, which holds the pause of all its models (project-pause.ts). Older
 * versions treat every key with the prefix of `modelStateKey` as a model, so this key has a different prefix.
 */
export function projectStateKey(project: string): string {
  return `gemini-project ${encodeURIComponent(project)}`;
}

/** The maximum number of models in a chain of aliases. Real chains are shorter; a longer chain is a cycle. */
export const maxAliasDepth = 4;

/** Creates access to the states of the models of one project, by the requested model name. */
export function createModelStateAccess({ store, clock, project, windowMs = 60_000 }: ModelStateOptions) {
  const updateState = <Result>(model: string, change: (state: ModelState, now: number) => Result): Promise<Result> =>
    store.transact(modelStateKey(project, model), (state) => {
      const now = clock.now();
      refreshState(state, now, windowMs);
      return change(state, now);
    });

  /** Updates the state that counts a model's requests: for an alias, the state of the model that serves it. */
  const updateStateOfServingModel = async <Result>(
    requested: string,
    change: (state: ModelState, now: number, model: string) => Result,
  ): Promise<Result> => {
    let model = requested;
    for (let depth = 1; ; depth += 1) {
      const outcome = await updateState(model, (state, now): { aliasOf: string } | { result: Result } =>
        state.servedBy !== undefined && depth < maxAliasDepth
          ? { aliasOf: state.servedBy }
          : { result: change(state, now, model) },
      );
      if ('result' in outcome) return outcome.result;
      model = outcome.aliasOf;
    }
  };

  return {
    updateStateOfServingModel,
    /**
     * Records which model serves an alias. The reservations made under the alias move to that model's state, so that
     * pending and running requests stay counted. If another model served the alias until now, only reservation `id`
     * moves, because the state of the previous model also holds reservations of requests that did not use the alias.
     * @param id the reservation whose reply or rejection named the serving model
     */
    async linkAlias(requested: string, servingModel: string, id: string): Promise<void> {
      const current = await updateStateOfServingModel(requested, (_state, _now, model) => model);
      if (current === servingModel) return;
      const isUnlinked = current === requested;
      const selectReservationsToMove = (state: ModelState) =>
        state.reservations.filter((reservation) => isUnlinked || reservation.id === id);
      const insertIntoServingModel = (reservations: readonly StoredReservation[]) =>
        updateState(servingModel, (state) => {
          // The service has just named this model as the one that serves requests, so the model is not an alias. Its
          // state may still say so, from an earlier reply.
          delete state.servedBy;
          insertMissing(state, reservations);
        });
      // Copies first and removes second, so that the reservations are always in at least one of the two states. The
      // reservations that were made after the copy are inserted last.
      const copied = await updateState(current, selectReservationsToMove);
      await insertIntoServingModel(copied);
      const removed = await updateState(current, (state) => {
        if (isUnlinked) state.servedBy = servingModel;
        return selectReservationsToMove(state).flatMap(({ id: movedId }) => removeReservation(state, movedId) ?? []);
      });
      await insertIntoServingModel(removed);
      if (!isUnlinked && requested !== servingModel)
        await updateState(requested, (state) => Object.assign(state, { servedBy: servingModel }));
    },
  };
}

function insertMissing(state: ModelState, reservations: readonly StoredReservation[]): void {
  const knownIds = new Set(state.reservations.map(({ id }) => id));
  for (const reservation of reservations) if (!knownIds.has(reservation.id)) insertReservation(state, reservation);
}
