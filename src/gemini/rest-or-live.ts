import type { BoticelliDriver } from '../driver/driver.js';
import { BoticelliError, StreamingNotSupported } from '../errors.js';
import { stripModelPrefix } from '../util/model-name.js';
import type { LiveDriver } from './live/options.js';
import { isUnusableModel } from './models/capabilities.js';

interface RoutingDriverOptions {
  /** The driver for REST and server-sent events. */
  rest: BoticelliDriver;
  live: LiveDriver;
  /** Whether to use the Live API for a model. The name of the model has no `models/` prefix. */
  usesLiveApi: (model: string) => Promise<boolean> | boolean;
}

/**
 * Sends each request to REST or to the Live API, depending on its model. Closes idle Live sessions before using REST,
 * so that they do not hold concurrency slots meanwhile.
 */
export function createRoutingDriver({ rest, live, usesLiveApi }: RoutingDriverOptions): BoticelliDriver {
  const { usesLiveCached, replaceIfWrongApi } = createApiChoiceCache(usesLiveApi);
  const chooseDriver = async (model: string): Promise<BoticelliDriver> => {
    if (await usesLiveCached(model)) return live;
    await live.closeIdleSessions();
    return rest;
  };
  return {
    // Models for embeddings, videos or music have neither `generateContent` nor the Live API. `generate` sends their
    // requests nevertheless, and the service rejects them with its own error.
    supportsStreaming: (model) => !isUnusableModel(stripModelPrefix(model)),
    prepare: async () => rest.prepare?.(),
    async close() {
      await Promise.all([rest.close?.(), live.close?.()]);
    },
    // Only the Live driver acquires the concurrency slots of its sessions itself.
    acquiresOwnSlots: usesLiveCached,
    // The Live API has no method that counts tokens.
    countTokens: async (request, context) =>
      (await usesLiveCached(request.model)) ? undefined : rest.countTokens?.(request, context),
    async generate(request, context) {
      const driver = await chooseDriver(request.model);
      try {
        return await driver.generate(request, context);
      } catch (thrown) {
        throw await replaceIfWrongApi(thrown, request.model, driver === live);
      }
    },
    async *generateStream(request, context) {
      if (isUnusableModel(stripModelPrefix(request.model))) throw new StreamingNotSupported(request.model);
      const driver = await chooseDriver(request.model);
      try {
        yield* driver.generateStream(request, context);
      } catch (thrown) {
        throw await replaceIfWrongApi(thrown, request.model, driver === live);
      }
    },
  };
}

function createApiChoiceCache(usesLiveApi: RoutingDriverOptions['usesLiveApi']) {
  const usesLiveByModel = new Map<string, Promise<boolean> | boolean>();
  return {
    /** Calls `usesLiveApi` once per model. A failure rejects all waiting callers, and is not cached. */
    usesLiveCached(model: string): Promise<boolean> | boolean {
      const name = stripModelPrefix(model);
      const result = usesLiveByModel.get(name) ?? usesLiveApi(name);
      usesLiveByModel.set(name, result);
      if (typeof result !== 'boolean') {
        result.then(
          (isLive) => usesLiveByModel.set(name, isLive),
          () => usesLiveByModel.delete(name),
        );
      }
      return result;
    },

    /**
     * Returns a transient error in place of `model_not_found` if the model belongs to the other API. Returns any other
     * error unchanged. The API of an unknown model is guessed from its name. To explain `model_not_found`, the driver
     * has loaded the model list, and with the list the guess may change.
     * @param usedLive whether the failed request used the Live API
     */
    async replaceIfWrongApi(thrown: unknown, model: string, usedLive: boolean): Promise<unknown> {
      const name = stripModelPrefix(model);
      if (!(thrown instanceof BoticelliError) || thrown.code !== 'model_not_found') return thrown;
      const isLive = await usesLiveApi(name);
      if (isLive === usedLive) return thrown;
      usesLiveByModel.set(name, isLive);
      const description = isLive ? 'supports only the Live API' : 'does not support the Live API';
      // The caller should retry at once. This call can't switch to the other API, because its caller may hold the
      // model's concurrency slot, which a Live session has to acquire itself.
      return new BoticelliError('model_not_found', `${name} ${description}`, {
        ...{ isTransient: true, retryAfterMs: 0, cause: thrown },
        hint: 'Try again: the next request uses the right API.',
      });
    },
  };
}
