import type { BoticelliDriver } from '../driver/driver.js';
import { BoticelliError, StreamingNotSupported } from '../errors.js';
import type { LiveDriver } from './live/options.js';
import { givesNoReplies } from './models/capabilities.js';
import { bareModel } from './rest/convert-request.js';

export interface RoutedOptions {
  /** The driver for REST and server-sent events. */
  rest: BoticelliDriver;
  live: LiveDriver;
  /** Whether a model, named without `models/`, is spoken to over the Live API. */
  speaksLive: (model: string) => Promise<boolean> | boolean;
}

/** Asks each model in the way that it speaks. Before a request goes over REST, the Live session gives its place back. */
export function routed({ rest, live, speaksLive }: RoutedOptions): BoticelliDriver {
  const { isLive, learnedFrom } = createRoutes(speaksLive);
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
      const holds = live.holdsPlace?.(model) ?? false;
      const answer = isLive(model);
      return typeof answer === 'boolean' ? answer && holds : answer.then((speaks) => speaks && holds);
    },
    async generate(request, context) {
      const driver = await driverFor(request.model);
      try {
        return await driver.generate(request, context);
      } catch (thrown) {
        throw await learnedFrom(thrown, request.model);
      }
    },
    async *generateStream(request, context) {
      if (givesNoReplies(bareModel(request.model))) throw new StreamingNotSupported(request.model);
      const driver = await driverFor(request.model);
      try {
        yield* driver.generateStream(request, context);
      } catch (thrown) {
        throw await learnedFrom(thrown, request.model);
      }
    },
  };
}

function createRoutes(speaksLive: RoutedOptions['speaksLive']) {
  const answers = new Map<string, Promise<boolean> | boolean>();
  return {
    /** Asked once a model; a failure is for whoever waits for it, and not kept. */
    isLive(model: string): Promise<boolean> | boolean {
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
    },

    /**
     * What a failure comes to. A model that no source knew was asked as its name suggests; that the service does not know it
     * so had the list read, and that may say that it is to be asked in the other way.
     */
    async learnedFrom(thrown: unknown, model: string): Promise<unknown> {
      const name = bareModel(model);
      const isUnknown = thrown instanceof BoticelliError && thrown.code === 'model_not_found';
      if (!isUnknown) return thrown;
      const isLive = await speaksLive(name);
      if (isLive === answers.get(name)) return thrown;
      answers.set(name, isLive);
      return turnedOut(name, isLive, thrown);
    },
  };
}

/**
 * To be tried again at once, and then in the other way. Not within the same call: whoever asked may have taken the model's
 * place for it, which the session takes itself.
 */
function turnedOut(model: string, isLive: boolean, cause: BoticelliError): BoticelliError {
  const what = isLive ? 'speaks the Live API alone' : 'does not speak the Live API';
  return new BoticelliError('model_not_found', `${model} ${what}`, {
    ...{ passing: true, retryAfterMs: 0, cause },
    hint: 'That is known now: run it again.',
  });
}
