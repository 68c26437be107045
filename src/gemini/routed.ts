import type { BoticelliDriver } from '../driver/driver.js';
import { StreamingNotSupported } from '../errors.js';
import type { LiveDriver } from './live/live-options.js';
import { givesNoReplies } from './model-abilities.js';
import { bareModel } from './wire-request.js';

export interface RoutedOptions {
  /** The driver for REST and server-sent events. */
  rest: BoticelliDriver;
  live: LiveDriver;
  /** Whether a model, named without `models/`, is spoken to over the Live API. */
  speaksLive: (model: string) => Promise<boolean> | boolean;
}

/** Asks each model in the way that it speaks. Before a request goes over REST, the Live session gives its place back. */
export function routed({ rest, live, speaksLive }: RoutedOptions): BoticelliDriver {
  const answers = new Map<string, Promise<boolean> | boolean>();
  /** Asked once a model; a failure is for whoever waits for it, and not kept. */
  const isLive = (model: string): Promise<boolean> | boolean => {
    const name = bareModel(model);
    const answer = answers.get(name) ?? speaksLive(name);
    answers.set(name, answer);
    if (typeof answer !== 'boolean') {
      answer.then(
        (speaks) => answers.set(name, speaks),
        () => answers.delete(name),
      );
    }
    return answer;
  };
  const driverFor = async (model: string): Promise<BoticelliDriver> => {
    if (await isLive(model)) return live;
    await live.endIdleSessions();
    return rest;
  };
  return {
    supportsStreaming: (model) => !givesNoReplies(bareModel(model)),
    prepare: async () => rest.prepare?.(),
    async close() {
      await Promise.all([rest.close?.(), live.close?.()]);
    },
    holdsPlace(model) {
      // Not known yet counts as yes: a place that is taken twice is waited for in vain, one taken by nobody does no harm.
      return isLive(model) !== false && (live.holdsPlace?.(model) ?? false);
    },
    async generate(request, context) {
      return (await driverFor(request.model)).generate(request, context);
    },
    async *generateStream(request, context) {
      if (givesNoReplies(bareModel(request.model))) throw new StreamingNotSupported(request.model);
      yield* (await driverFor(request.model)).generateStream(request, context);
    },
  };
}
