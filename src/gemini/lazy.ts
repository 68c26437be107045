import type { BoticelliDriver } from '../driver/driver.js';

export interface LazyOptions {
  /** Loads and makes the driver. Called once, at the first call. */
  load: () => Promise<BoticelliDriver>;
  /** Said for the driver while it is not there. */
  holdsPlace: (model: string) => boolean;
}

/** A driver that is loaded when it is first asked: a run that never asks it pays nothing for it. */
export function lazy({ load, holdsPlace }: LazyOptions): BoticelliDriver {
  let loaded: Promise<BoticelliDriver> | undefined;
  const driver = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    supportsStreaming: () => true,
    holdsPlace,
    close: async () => (await loaded)?.close?.(),
    generate: async (request, context) => (await driver()).generate(request, context),
    async *generateStream(request, context) {
      yield* (await driver()).generateStream(request, context);
    },
  };
}
