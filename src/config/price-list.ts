import { builtInPrices, type Price } from '../facts/prices.js';
import { stripModelPrefix } from '../util/model-name.js';

/** The prices of models. */
export interface PriceList {
  /**
   * Returns the price of the model that served a reply. If it is unknown, returns the price of the requested model, or
   * undefined if that is unknown too. Also remembers for `getMaxPrice` which model served the requested one.
   */
  getReplyPrice(model: string, requestedAs: string): Price | undefined;
  /**
   * Returns the maximum price of a future request. For one of Google's aliases, this is the highest price in its model
   * family, until a reply shows which model the alias resolves to.
   */
  getMaxPrice(model: string): Price | undefined;
}

interface PriceListOptions {
  /** Prices from settings, by model. They override built-in prices. */
  configured?: Readonly<Record<string, Price>> | undefined;
  /** Returns the time in milliseconds since the epoch. It matters because some prices change on a given day. */
  now?: () => number;
}

/** Matches Google's aliases and captures their family. The family of `gemini-flash-lite-latest` is `flash-lite`. */
const latestAliasPattern = /^gemini-(flash-lite|flash|pro)-latest$/;
const versionedModelPattern = /^gemini-[\d.]+-(flash-lite|flash|pro)(-preview)?$/;

/** Creates a list of configured and built-in prices. */
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

/** Ignores a release number, so `gemini-3.5-flash-lite-001` has the price of `gemini-3.5-flash-lite`. */
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
