import type { BoticelliDriver } from '../driver/driver.js';
import { BoticelliError, StreamingNotSupported } from '../errors.js';
import { stripModelPrefix } from '../util/model-name.js';
import type { LiveDriver } from './live/options.js';
import { isUnsupportedModel } from './models/capabilities.js';

export interface RoutingDriverOptions {
  /** The driver for REST and server-sent events. */
  rest: BoticelliDriver;
  live: LiveDriver;
  /** Whether a model, named without `models/`, is spoken to over the Live API. */
  usesLiveApi: (model: string) => Promise<boolean> | boolean;
}

/** Asks each model in the way that it speaks. Before a request goes over REST, the Live session gives its place back. */
export function createRoutingDriver({ rest, live, usesLiveApi }: RoutingDriverOptions): BoticelliDriver {
  const { usesLive, toRoutingError } = createRouteCache(usesLiveApi);
  const driverFor = async (model: string): Promise<BoticelliDriver> => {
    if (await usesLive(model)) return live;
    await live.closeIdleSessions();
    return rest;
  };
  return {
    supportsStreaming: (model) => !isUnsupportedModel(stripModelPrefix(model)),
    prepare: async () => rest.prepare?.(),
    async close() {
      await Promise.all([rest.close?.(), live.close?.()]);
    },
    managesConcurrency(model) {
      const managesConcurrency = live.managesConcurrency?.(model) ?? false;
      const result = usesLive(model);
      return typeof result === 'boolean'
        ? result && managesConcurrency
        : result.then((isLive) => isLive && managesConcurrency);
    },
    async generate(request, context) {
      const driver = await driverFor(request.model);
      try {
        return await driver.generate(request, context);
      } catch (thrown) {
        throw await toRoutingError(thrown, request.model);
      }
    },
    async *generateStream(request, context) {
      if (isUnsupportedModel(stripModelPrefix(request.model))) throw new StreamingNotSupported(request.model);
      const driver = await driverFor(request.model);
      try {
        yield* driver.generateStream(request, context);
      } catch (thrown) {
        throw await toRoutingError(thrown, request.model);
      }
    },
  };
}

function createRouteCache(usesLiveApi: RoutingDriverOptions['usesLiveApi']) {
  const resultsByModel = new Map<string, Promise<boolean> | boolean>();
  return {
    /** Asked once a model; a failure is for whoever waits for it, and not kept. */
    usesLive(model: string): Promise<boolean> | boolean {
      const name = stripModelPrefix(model);
      const result = resultsByModel.get(name) ?? usesLiveApi(name);
      resultsByModel.set(name, result);
      if (typeof result !== 'boolean') {
        result.then(
          (isLive) => resultsByModel.set(name, isLive),
          () => resultsByModel.delete(name),
        );
      }
      return result;
    },

    /**
     * What a failure comes to. A model that no source knew was asked as its name suggests; that the service does not know it
     * so had the list read, and that may say that it is to be asked in the other way.
     */
    async toRoutingError(thrown: unknown, model: string): Promise<unknown> {
      const name = stripModelPrefix(model);
      const isUnknown = thrown instanceof BoticelliError && thrown.code === 'model_not_found';
      if (!isUnknown) return thrown;
      const isLive = await usesLiveApi(name);
      if (isLive === resultsByModel.get(name)) return thrown;
      resultsByModel.set(name, isLive);
      return createRouteChangedError(name, isLive, thrown);
    },
  };
}

/**
 * To be tried again at once, and then in the other way. Not within the same call: whoever asked may have taken the model's
 * place for it, which the session takes itself.
 */
function createRouteChangedError(model: string, isLive: boolean, cause: BoticelliError): BoticelliError {
  const description = isLive ? 'speaks the Live API alone' : 'does not speak the Live API';
  return new BoticelliError('model_not_found', `${model} ${description}`, {
    ...{ isTransient: true, retryAfterMs: 0, cause },
    hint: 'That is known now: run it again.',
  });
}
