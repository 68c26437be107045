import { builtInModels } from '../../facts/models.js';
import { isInternalError, isInvalidArgument } from './classify-close-reason.js';
import type { ResponseMode, ResponseModeCache } from './options.js';
import type { CloseReason } from './socket.js';

/** The search for the response mode that the model accepts, during one call. */
export interface ResponseModeSearch {
  /** The mode to try now. */
  readonly current: ResponseMode;
  /**
   * Switches to another mode after a session that ended before its reply began. Returns false if the mode was not the
   * reason, or if all modes have been tried.
   */
  tryNext(closeReason: CloseReason, phase: 'setup' | 'turn'): boolean;
  /**
   * Returns the reason to report for a call whose last mode failed with `closeReason`: `closeReason` itself, or the
   * internal error of an earlier mode.
   */
  explainFailure(closeReason: CloseReason): CloseReason;
  /** Remembers that the current mode works. */
  confirm(): Promise<void>;
}

/** Finds the response modes that models accept, and remembers them for the rest of the run. */
export interface ResponseModeFinder {
  /**
   * Starts the search of one call. It begins with the mode that worked earlier in this run, else with the cached mode,
   * else with the default of the model.
   */
  startSearch(model: string): Promise<ResponseModeSearch>;
}

/** Creates a finder that has not found any mode. `cache` keeps the modes beyond the run. */
export function createResponseModeFinder(cache: ResponseModeCache | undefined): ResponseModeFinder {
  const confirmed = new Map<string, ResponseMode>();
  const startSearch = async (model: string): Promise<ResponseModeSearch> => {
    const replies = builtInModels.get(model)?.isAudioOnly ? 'AUDIO' : 'TEXT';
    const defaultMode: ResponseMode = { replies, prompts: 'content' };
    const initialMode = confirmed.get(model) ?? (await cache?.get(model)) ?? defaultMode;
    // After a mode has worked in this run, a rejection is about the request, not about the mode.
    const canSwitch = { replies: !confirmed.has(model), prompts: !confirmed.has(model) };
    let current = initialMode;
    let internalError: CloseReason | undefined;
    return {
      get current() {
        return current;
      },
      tryNext(closeReason, phase) {
        const canTrySpeech = canSwitch.replies && current.replies === 'TEXT';
        // Some models that only speak answer a request for text with 1011 (googleapis/python-genai#2238, seen 2026-04).
        if (canTrySpeech && isInternalError(closeReason)) internalError = closeReason;
        else if (!isInvalidArgument(closeReason)) return false;
        if (canTrySpeech) {
          canSwitch.replies = false;
          current = { ...current, replies: 'AUDIO' };
        } else if (canSwitch.prompts && phase === 'turn') {
          canSwitch.prompts = false;
          current = { ...current, prompts: current.prompts === 'content' ? 'realtime' : 'content' };
        } else return false;
        return true;
      },
      // A model that rejects speech supports text. So its internal error in answer to a request for text was temporary,
      // and is the reason of the failure.
      explainFailure: (closeReason) => (internalError && isInvalidArgument(closeReason) ? internalError : closeReason),
      async confirm() {
        if (confirmed.get(model) === current) return;
        confirmed.set(model, current);
        // The mode is cached only if it differs from the mode that the search started with. After an internal error it
        // is not cached, because the model may support text and the error may have been temporary.
        if (current !== initialMode && !internalError) await cache?.set(model, current);
      },
    };
  };
  return { startSearch };
}
