import type { LiveDriver } from './options.js';

export interface LazyLiveDriverOptions {
  /** Loads and makes the driver. Called once, at the first call. */
  load: () => Promise<LiveDriver>;
  /** Said for the driver while it is not there. */
  managesConcurrency: (model: string) => boolean;
}

/** The Live driver, loaded when it is first asked: a run that never asks it pays nothing for it. */
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
