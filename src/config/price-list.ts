import { builtInPrices, type Price } from '../facts.js';
import { plainModelName } from '../narrative/model-name.js';

/** What models cost. */
export interface PriceList {
  /** The price of a reply: that of the model which served, else that of the one asked for. Undefined where none is known. */
  served(model: string, requestedAs: string): Price | undefined;
  /**
   * The price of a call to come. For an alias of Google's it is the dearest of its family, until a reply has told which
   * model it stands for.
   */
  atMost(model: string): Price | undefined;
}

export interface PriceListOptions {
  /** Prices of settings, by model. They beat the built-in ones. */
  written?: Readonly<Record<string, Price>> | undefined;
  /** Milliseconds since the epoch: prices change on certain days. */
  now?: () => number;
}

/** `gemini-flash-lite-latest`: its family is `flash-lite`. */
const alias = /^gemini-(flash-lite|flash|pro)-latest$/;
const version = /^gemini-[\d.]+-(flash-lite|flash|pro)(-preview)?$/;

/** The prices that hold. */
export function priceListOf({ written = {}, now = Date.now }: PriceListOptions = {}): PriceList {
  const own = new Map(Object.entries(written).map(([model, price]) => [plainModelName(model), price]));
  const builtIn = (model: string) => builtInPrice(model, now());
  const standFor = new Map<string, string>();
  const priceOf = (model: string, requestedAs: string) =>
    own.get(model) ?? own.get(requestedAs) ?? builtIn(model) ?? builtIn(requestedAs);
  return {
    served(model, requestedAs) {
      standFor.set(requestedAs, model);
      return priceOf(model, requestedAs);
    },
    atMost: (model) => priceOf(standFor.get(model) ?? model, model) ?? dearestOf(model, now()),
  };
}

/** Also by a name with a release's number: `gemini-3.5-flash-lite-001` costs what `gemini-3.5-flash-lite` does. */
function builtInPrice(model: string, now: number): Price | undefined {
  const name = [model, model.replace(/-\d{3}$/, '')].find((each) => Object.hasOwn(builtInPrices, each));
  const today = new Date(now).toISOString().slice(0, 10);
  const holding = builtInPrices[name ?? '']?.filter(({ from = '' }) => from <= today).at(-1);
  return holding && { input: holding.input, output: holding.output };
}

function dearestOf(model: string, now: number): Price | undefined {
  const family = alias.exec(model)?.[1];
  if (family === undefined) return undefined;
  const names = Object.keys(builtInPrices).filter((name) => version.exec(name)?.[1] === family);
  const prices = names.flatMap((name) => builtInPrice(name, now) ?? []);
  if (prices.length === 0) return undefined;
  return {
    input: Math.max(...prices.map(({ input }) => input)),
    output: Math.max(...prices.map(({ output }) => output)),
  };
}
