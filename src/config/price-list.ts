import { builtInPrices, getSearchFee, type Price, type TokenRates } from '../facts/prices.js';
import { stripModelPrefix } from '../util/model-name.js';

/** The prices of models. */
export interface PriceList {
  /** Returns the price of a model now; undefined if it is unknown, as for an alias without a price in settings. */
  getPrice(model: string): Price | undefined;
  /**
   * Returns the price of a reply that `model` served and that was requested as `requestedAs`. Looks in the settings and
   * then among the built-in prices, each time for `model` and then for `requestedAs`. Undefined if no price is known.
   * Also remembers for `getMaxPrice` that `model` serves the requests for `requestedAs`.
   */
  getReplyPrice(model: string, requestedAs: string): Price | undefined;
  /**
   * Returns the maximum price of a future request. For one of Google's aliases, this is the highest price in its model
   * family, until a reply shows which model the alias resolves to.
   */
  getMaxPrice(model: string): Price | undefined;
}

/** A price in settings, in US dollars per million tokens. It holds for all modalities. */
export interface ConfiguredPrice {
  input: number;
  output: number;
  /** Default: `input`. */
  cached_input?: number | undefined;
  /** The fee of each web search, in US dollars. Default: the built-in fee of the model, if there is one. */
  search?: number | undefined;
}

interface PriceListOptions {
  /** Prices from settings, by model. They override built-in prices. */
  configured?: Readonly<Record<string, ConfiguredPrice>> | undefined;
  /** Returns the time in milliseconds since the epoch. It matters because some prices change on a given day. */
  now?: () => number;
}

/** Matches Google's aliases and captures their family. The family of `gemini-flash-lite-latest` is `flash-lite`. */
const latestAliasPattern = /^gemini-(flash-lite|flash|pro)-latest$/;
const versionedModelPattern = /^gemini-[\d.]+-(flash-lite|flash|pro)(-preview)?$/;

/** Creates a list of configured and built-in prices. */
export function createPriceList({ configured = {}, now = Date.now }: PriceListOptions = {}): PriceList {
  const configuredPrices = new Map(
    Object.entries(configured).map(([model, { cached_input: cachedInput, search, ...price }]): [string, Price] => [
      stripModelPrefix(model),
      {
        ...price,
        ...(cachedInput !== undefined && { cachedInput }),
        ...(search !== undefined && { searchFee: { usd: search, per: 'query' } }),
      },
    ]),
  );
  const findBuiltIn = (model: string) => findBuiltInPrice(model, now());
  /** The models that served replies, by the names in the requests. */
  const servingModels = new Map<string, string>();
  const findPrice = (model: string, requestedAs: string) =>
    addSearchFee(
      configuredPrices.get(model) ??
        configuredPrices.get(requestedAs) ??
        findBuiltIn(model) ??
        findBuiltIn(requestedAs),
      [model, requestedAs],
    );
  return {
    getPrice: (model) => findPrice(model, model),
    getReplyPrice(model, requestedAs) {
      servingModels.set(requestedAs, model);
      return findPrice(model, requestedAs);
    },
    getMaxPrice: (model) =>
      findPrice(servingModels.get(model) ?? model, model) ?? addSearchFee(findMaxFamilyPrice(model, now()), [model]),
  };
}

/** Adds the fee of web searches to a price without one: the fee of the first model whose fee is known. */
function addSearchFee(price: Price | undefined, models: readonly string[]): Price | undefined {
  const [searchFee] = models.flatMap((model) => getSearchFee(model) ?? []);
  return price && searchFee && !price.searchFee ? { ...price, searchFee } : price;
}

/** Returns today's built-in price. `gemini-3.5-flash-lite-001` has the price of `gemini-3.5-flash-lite`. */
function findBuiltInPrice(model: string, now: number): Price | undefined {
  const name = [model, model.replace(/-\d{3}$/, '')].find((candidate) => Object.hasOwn(builtInPrices, candidate));
  const today = new Date(now).toISOString().slice(0, 10);
  const current = builtInPrices[name ?? '']?.filter(({ from = '' }) => from <= today).at(-1);
  if (!current) return undefined;
  const { from: _, ...price } = current;
  return price;
}

/**
 * Returns the highest input price and output price in the family of an alias; undefined for any other name. The models
 * of these families output only text, so there are no prices of other output.
 */
function findMaxFamilyPrice(model: string, now: number): Price | undefined {
  const family = latestAliasPattern.exec(model)?.[1];
  if (family === undefined) return undefined;
  const names = Object.keys(builtInPrices).filter((name) => versionedModelPattern.exec(name)?.[1] === family);
  const prices = names.flatMap((name) => findBuiltInPrice(name, now) ?? []);
  if (prices.length === 0) return undefined;
  const max = getMaxRates(prices);
  const thresholds = prices.flatMap(({ above }) => above?.promptTokens ?? []);
  if (thresholds.length === 0) return max;
  const maxAbove = getMaxRates(prices.map((price) => price.above ?? price));
  return { ...max, above: { promptTokens: Math.min(...thresholds), ...maxAbove } };
}

function getMaxRates(rates: readonly TokenRates[]): TokenRates {
  const audioPrices = rates.map(({ input, inputByModality }) => inputByModality?.AUDIO ?? input);
  const input = Math.max(...rates.map((rate) => rate.input));
  const audio = Math.max(...audioPrices);
  return {
    input,
    output: Math.max(...rates.map((rate) => rate.output)),
    ...(audio > input && { inputByModality: { AUDIO: audio } }),
  };
}
