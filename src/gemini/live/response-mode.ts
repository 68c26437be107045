import { knownModels } from '../../facts.js';
import { isInvalidArgument } from './close-reason.js';
import type { LiveManner, LiveMemory } from './options.js';
import type { LiveEnd } from './socket.js';

/** The manners of models, as far as they are known: what was tried, what was remembered, what facts.ts has. */
export interface Manners {
  /** Begins a call: how the model is to be talked to, and what else may be tried. */
  of(model: string): Promise<MannerSearch>;
}

/** How one call finds out how its model wants to be talked to. */
export interface MannerSearch {
  /** To be tried now. */
  readonly current: LiveManner;
  /**
   * Given how a session ended before its reply began, turns to another manner and says so; false where the end is about
   * something else, or nothing is left to try.
   */
  turn(end: LiveEnd, during: 'setup' | 'turn'): boolean;
  /** Tells that the current manner worked: it is remembered. */
  worked(): Promise<void>;
}

export function createManners(memory: LiveMemory | undefined): Manners {
  const proven = new Map<string, LiveManner>();
  return {
    async of(model) {
      const known = proven.get(model) ?? (await memory?.get(model)) ?? byFacts(model);
      // What worked in this very run is not doubted: a refusal is then about the request.
      const left = { replies: !proven.has(model), prompts: !proven.has(model) };
      let current = known;
      return {
        get current() {
          return current;
        },
        turn(end, during) {
          if (!isInvalidArgument(end)) return false;
          if (left.replies && current.replies === 'TEXT') {
            left.replies = false;
            current = { ...current, replies: 'AUDIO' };
          } else if (left.prompts && during === 'turn') {
            left.prompts = false;
            current = { ...current, prompts: current.prompts === 'content' ? 'realtime' : 'content' };
          } else return false;
          return true;
        },
        async worked() {
          if (proven.get(model) === current) return;
          proven.set(model, current);
          // What facts.ts says need not be remembered, but what contradicts it or is not in it.
          if (current !== known) await memory?.set(model, current);
        },
      };
    },
  };
}

function byFacts(model: string): LiveManner {
  return { replies: knownModels.get(model)?.speaksOnly ? 'AUDIO' : 'TEXT', prompts: 'content' };
}
