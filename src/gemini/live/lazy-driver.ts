import type { LiveDriver } from './options.js';

/**
 * A Live driver that is loaded at its first call, so that runs without Live models do not pay for it.
 * @param load called once
 */
export function createLazyLiveDriver(load: () => Promise<LiveDriver>): LiveDriver {
  let loaded: Promise<LiveDriver> | undefined;
  const getDriver = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    supportsStreaming: () => true,
    managesConcurrency: () => true,
    closeIdleSessions: async () => (await loaded)?.closeIdleSessions(),
    close: async () => (await loaded)?.close?.(),
    generate: async (request, context) => (await getDriver()).generate(request, context),
    async *generateStream(request, context) {
      yield* (await getDriver()).generateStream(request, context);
    },
  };
}
