import { builtInPrices, type Price } from '../facts/prices.js';
import { stripModelPrefix } from '../narrative/model-name.js';

/** What models cost. */
export interface PriceList {
  /** The price of a reply: that of the model which served, else that of the one asked for. Undefined where none is known. */
  getReplyPrice(model: string, requestedAs: string): Price | undefined;
  /**
   * The price of a call to come. For an alias of Google's it is the dearest of its family, until a reply has told which
   * model it stands for.
   */
  getMaxPrice(model: string): Price | undefined;
}

export interface PriceListOptions {
  /** Prices of settings, by model. They beat the built-in ones. */
  configured?: Readonly<Record<string, Price>> | undefined;
  /** Milliseconds since the epoch: prices change on certain days. */
  now?: () => number;
}

/** `gemini-flash-lite-latest`: its family is `flash-lite`. */
const latestAliasPattern = /^gemini-(flash-lite|flash|pro)-latest$/;
const versionedModelPattern = /^gemini-[\d.]+-(flash-lite|flash|pro)(-preview)?$/;

/** The prices that hold. */
export function createPriceList({ configured = {}, now = Date.now }: PriceListOptions = {}): PriceList {
  const configuredPrices = new Map(
    Object.entries(configured).map(([model, price]) => [stripModelPrefix(model), price]),
  );
  const findBuiltIn = (model: string) => findBuiltInPrice(model, now());
  const servedModels = new Map<string, string>();
  const findPrice = (model: string, requestedAs: string) =>
    configuredPrices.get(model) ?? configuredPrices.get(requestedAs) ?? findBuiltIn(model) ?? findBuiltIn(requestedAs);
  return {
    getReplyPrice(model, requestedAs) {
      servedModels.set(requestedAs, model);
      return findPrice(model, requestedAs);
    },
    getMaxPrice: (model) => findPrice(servedModels.get(model) ?? model, model) ?? findMaxFamilyPrice(model, now()),
  };
}

/** Also by a name with a release's number: `gemini-3.5-flash-lite-001` costs what `gemini-3.5-flash-lite` does. */
function findBuiltInPrice(model: string, now: number): Price | undefined {
  const name = [model, model.replace(/-\d{3}$/, '')].find((candidate) => Object.hasOwn(builtInPrices, candidate));
  const today = new Date(now).toISOString().slice(0, 10);
  const current = builtInPrices[name ?? '']?.filter(({ from = '' }) => from <= today).at(-1);
  return current && { input: current.input, output: current.output };
}

function findMaxFamilyPrice(model: string, now: number): Price | undefined {
  const family = latestAliasPattern.exec(model)?.[1];
  if (family === undefined) return undefined;
  const names = Object.keys(builtInPrices).filter((name) => versionedModelPattern.exec(name)?.[1] === family);
  const prices = names.flatMap((name) => findBuiltInPrice(name, now) ?? []);
  if (prices.length === 0) return undefined;
  return {
    input: Math.max(...prices.map(({ input }) => input)),
    output: Math.max(...prices.map(({ output }) => output)),
  };
}
