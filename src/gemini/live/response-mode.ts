import { builtInModels } from '../../facts/models.js';
import { isInvalidArgument } from './classify-close-reason.js';
import type { ResponseMode, ResponseModeCache } from './options.js';
import type { CloseReason } from './socket.js';

/** The manners of models, as far as they are known: what was tried, what was remembered, what facts.ts has. */
export interface ResponseModes {
  /** Begins a call: how the model is to be talked to, and what else may be tried. */
  startSearch(model: string): Promise<ResponseModeSearch>;
}

/** How one call finds out how its model wants to be talked to. */
export interface ResponseModeSearch {
  /** To be tried now. */
  readonly current: ResponseMode;
  /**
   * Given how a session ended before its reply began, turns to another manner and says so; false where the end is about
   * something else, or nothing is left to try.
   */
  tryNext(closeReason: CloseReason, phase: 'setup' | 'turn'): boolean;
  /** Tells that the current manner worked: it is remembered. */
  confirm(): Promise<void>;
}

export function createResponseModes(cache: ResponseModeCache | undefined): ResponseModes {
  const confirmed = new Map<string, ResponseMode>();
  return {
    async startSearch(model) {
      const initialMode = confirmed.get(model) ?? (await cache?.get(model)) ?? getDefaultMode(model);
      // What worked in this very run is not doubted: a refusal is then about the request.
      const untried = { replies: !confirmed.has(model), prompts: !confirmed.has(model) };
      let current = initialMode;
      return {
        get current() {
          return current;
        },
        tryNext(closeReason, phase) {
          if (!isInvalidArgument(closeReason)) return false;
          if (untried.replies && current.replies === 'TEXT') {
            untried.replies = false;
            current = { ...current, replies: 'AUDIO' };
          } else if (untried.prompts && phase === 'turn') {
            untried.prompts = false;
            current = { ...current, prompts: current.prompts === 'content' ? 'realtime' : 'content' };
          } else return false;
          return true;
        },
        async confirm() {
          if (confirmed.get(model) === current) return;
          confirmed.set(model, current);
          // What facts.ts says need not be remembered, but what contradicts it or is not in it.
          if (current !== initialMode) await cache?.set(model, current);
        },
      };
    },
  };
}

function getDefaultMode(model: string): ResponseMode {
  return { replies: builtInModels.get(model)?.isAudioOnly ? 'AUDIO' : 'TEXT', prompts: 'content' };
}
