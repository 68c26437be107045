import type { LiveDriver } from './options.js';

export interface LazyLiveDriverOptions {
  /** Loads and creates the driver. Called once, at the first call. */
  load: () => Promise<LiveDriver>;
  /** Answers for the driver before it is loaded. */
  managesConcurrency: (model: string) => boolean;
}

/** A Live driver that is loaded at its first call, so that runs without Live models do not pay for it. */
export function createLazyLiveDriver({ load, managesConcurrency }: LazyLiveDriverOptions): LiveDriver {
  let loaded: Promise<LiveDriver> | undefined;
  const getDriver = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    supportsStreaming: () => true,
    managesConcurrency,
    closeIdleSessions: async () => (await loaded)?.closeIdleSessions(),
    close: async () => (await loaded)?.close?.(),
    generate: async (request, context) => (await getDriver()).generate(request, context),
    async *generateStream(request, context) {
      yield* (await getDriver()).generateStream(request, context);
    },
  };
}
