import { builtInModels } from '../../facts/models.js';
import { isInternalError, isInvalidArgument } from './classify-connection-end.js';
import type { LiveMode, LiveModeCache } from './options.js';
import type { ConnectionEnd } from './socket.js';

/** Searches during one call for the mode that a Live model accepts: how it takes prompts and sends replies. */
export interface LiveModeSearch {
  /** The mode to try now. */
  readonly current: LiveMode;
  /**
   * Switches to another mode after a session that ended before its reply began. Returns false if the mode was not the
   * cause, or if all modes have been tried.
   */
  tryNext(connectionEnd: ConnectionEnd, phase: 'setup' | 'turn'): boolean;
  /**
   * Returns what to report for a call whose last mode failed with `connectionEnd`: `connectionEnd` itself, or the
   * internal error of an earlier mode.
   */
  explainFailure(connectionEnd: ConnectionEnd): ConnectionEnd;
  /** Remembers that the current mode works. */
  confirm(): Promise<void>;
}

/** Finds the modes that Live models accept, and remembers them for the rest of the run. */
export interface LiveModeFinder {
  /**
   * Starts the search of one call. It begins with the mode that worked earlier in this run, else with the cached mode,
   * else with the default of the model.
   */
  startSearch(model: string): Promise<LiveModeSearch>;
}

/** Creates a finder that has not found any mode. `cache` keeps the modes beyond the run. */
export function createLiveModeFinder(cache: LiveModeCache | undefined): LiveModeFinder {
  const confirmed = new Map<string, LiveMode>();
  const startSearch = async (model: string): Promise<LiveModeSearch> => {
    const replyModality = builtInModels.get(model)?.isAudioOnly ? 'AUDIO' : 'TEXT';
    const defaultMode: LiveMode = { replyModality, promptsAs: 'clientContent' };
    const initialMode = confirmed.get(model) ?? (await cache?.get(model)) ?? defaultMode;
    // After a mode has worked in this run, a rejection is about the request, not about the mode.
    const canSwitch = { replyModality: !confirmed.has(model), promptsAs: !confirmed.has(model) };
    let current = initialMode;
    let internalError: ConnectionEnd | undefined;
    return {
      get current() {
        return current;
      },
      tryNext(connectionEnd, phase) {
        const canTrySpeech = canSwitch.replyModality && current.replyModality === 'TEXT';
        // Some models that only speak answer a request for text with 1011 (googleapis/python-genai#2238, seen 2026-04).
        if (canTrySpeech && isInternalError(connectionEnd)) internalError = connectionEnd;
        else if (!isInvalidArgument(connectionEnd)) return false;
        if (canTrySpeech) {
          canSwitch.replyModality = false;
          current = { ...current, replyModality: 'AUDIO' };
        } else if (canSwitch.promptsAs && phase === 'turn') {
          canSwitch.promptsAs = false;
          const promptsAs = current.promptsAs === 'clientContent' ? 'realtimeInput' : 'clientContent';
          current = { ...current, promptsAs };
        } else return false;
        return true;
      },
      // Every Live model replies with text or with speech. After an internal error in answer to a request for text,
      // speech is tried. If the model rejects speech, the model must support text, so the internal error was temporary.
      // The internal error is reported then, because the user did not ask for speech.
      explainFailure: (connectionEnd) =>
        internalError && isInvalidArgument(connectionEnd) ? internalError : connectionEnd,
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
