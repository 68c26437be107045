import type { LiveDriver } from './options.js';

export interface LazyLiveOptions {
  /** Loads and makes the driver. Called once, at the first call. */
  load: () => Promise<LiveDriver>;
  /** Said for the driver while it is not there. */
  holdsPlace: (model: string) => boolean;
}

/** The Live driver, loaded when it is first asked: a run that never asks it pays nothing for it. */
export function lazyLive({ load, holdsPlace }: LazyLiveOptions): LiveDriver {
  let loaded: Promise<LiveDriver> | undefined;
  const driver = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    supportsStreaming: () => true,
    holdsPlace,
    endIdleSessions: async () => (await loaded)?.endIdleSessions(),
    close: async () => (await loaded)?.close?.(),
    generate: async (request, context) => (await driver()).generate(request, context),
    async *generateStream(request, context) {
      yield* (await driver()).generateStream(request, context);
    },
  };
}
