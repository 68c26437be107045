import { spendLimits } from '../../facts/limits.js';
import type { QuotaRejection } from './learned-limits.js';
import { type ModelState, refreshState } from './model-state.js';
import {
  createModelStateAccess,
  type ModelStateOptions,
  modelStateKey,
  projectStateKey,
} from './model-state-access.js';
import { removeReservation, shiftPending } from './schedule.js';

/** A pause of all models of a project, for everyone who shares the store. */
export interface ProjectPause {
  /** Begins or extends the pause after a rejection, and releases the reservation of the rejected request. */
  begin(rejection: QuotaRejection, reservation: { id: string; model: string }): Promise<void>;
  /** Applies the pause to a model that had no state when the pause began. Call it before reserving quota. */
  applyTo(model: string): Promise<void>;
}

/**
 * Creates access to the pause of a project. The pause is written into the state of the project and into the state of
 * each model, because older versions of this program read only the states of models. If a model has no state yet, the
 * pause is copied to it from the state of the project when a process first reserves quota for the model.
 */
export function createProjectPause(options: ModelStateOptions): ProjectPause {
  const { store, clock, project, windowMs = 60_000 } = options;
  const { updateStateOfServingModel } = createModelStateAccess(options);
  const checkedModels = new Set<string>();
  const update = <Result>(key: string, change: (state: ModelState, now: number) => Result): Promise<Result> =>
    store.transact(key, (state) => {
      const now = clock.now();
      refreshState(state, now, windowMs);
      return change(state, now);
    });

  return {
    async begin(rejection, { id, model: requested }) {
      const { model, sentAt } = await updateStateOfServingModel(requested, (state, _now, servingModel) => ({
        model: servingModel,
        sentAt: removeReservation(state, id)?.at ?? 0,
      }));
      const until = await update(projectStateKey(project), (state, now) => extendPause(state, now, rejection, sentAt));
      const prefix = modelStateKey(project, '');
      const storedKeys = [...(await store.readAll()).keys()].filter((key) => key.startsWith(prefix));
      for (const key of new Set([modelStateKey(project, model), ...storedKeys])) {
        await update(key, (state, now) => applyPause(state, now, until));
      }
    },

    async applyTo(model) {
      if (checkedModels.has(model)) return;
      checkedModels.add(model);
      const { pausedUntil: until = 0 } = (await store.read(projectStateKey(project))) ?? {};
      if (until > clock.now()) await updateStateOfServingModel(model, (state, now) => applyPause(state, now, until));
    },
  };
}

function applyPause(state: ModelState, now: number, until: number): void {
  if (until > (state.pausedUntil ?? 0)) {
    state.pausedUntil = until;
    state.pauseReason = 'spend';
  }
  shiftPending(state, now, until);
}

/** Begins or extends the pause in the state of the project, and returns its end. */
function extendPause(state: ModelState, now: number, { retryAfterMs }: QuotaRejection, sentAt: number): number {
  const { windowMs, firstPauseMs } = spendLimits;
  const { rejectedAt } = state;
  // After two windows of the spend-based limit without a rejection, the pauses start from the shortest again. One
  // window without a rejection proves nothing: the pause after the latest rejection may fill that window, and no
  // request is sent during a pause. The API may ask for a pause of more than two windows. After such a long pause, too,
  // the pauses start from the shortest again.
  // A request that was sent before the latest rejection says nothing new when it is rejected too, so a burst of
  // rejections counts once.
  if (rejectedAt === undefined || now - rejectedAt > 2 * windowMs) state.rejectionCount = 1;
  else if (sentAt > rejectedAt) state.rejectionCount += 1;
  state.rejectedAt = now;
  const pauseMs = retryAfterMs ?? Math.min(windowMs, firstPauseMs * 2 ** Math.min(state.rejectionCount - 1, 10));
  state.pausedUntil = Math.max(state.pausedUntil ?? 0, Math.ceil(now + pauseMs));
  return state.pausedUntil;
}
