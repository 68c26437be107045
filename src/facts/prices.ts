/** Facts about Gemini's prices. Each has its source and the date on which it was read. */

import { getGeneration } from './model-facts.js';

/** Prices in US dollars per million tokens. Thoughts are billed as output, and what tools add to a prompt as input. */
export interface TokenRates {
  input: number;
  output: number;
  /** The price of input that comes from the service's cache. Absent if it is unknown; the full price is then used. */
  cachedInput?: number | undefined;
  /** The prices of input of modalities other than text, by Gemini's name of the modality. Default: `input`. */
  inputByModality?: Readonly<Record<string, number>>;
  /** The prices of output of modalities other than text. Default: `output`. */
  outputByModality?: Readonly<Record<string, number>>;
}

/** What web searches cost in US dollars, for each query or for each prompt that makes the model search. */
export interface SearchFee {
  usd: number;
  per: 'query' | 'prompt';
}

/** The price of a model in the standard service tier. */
export interface Price extends TokenRates {
  /** The fee of web searches, which does not depend on the service tier. Absent if it is unknown. */
  searchFee?: SearchFee;
  /** Prices of all tokens of a request whose prompt has more than `promptTokens` tokens. */
  above?: TokenRates & { promptTokens: number };
  /** What a token of the service tier `priority` costs, as a multiple of the standard price. */
  priorityFactor?: number;
}

/**
 * A price and the first day (UTC) on which it applies. The earliest price has no first day. Google gives dates without
 * a time zone. The day begins earlier in UTC than in California. In the hours between, a stated cost may be too high if
 * the price rises that day, and too low if it falls. The only prices that fall are those of gemini-2.5-pro, and of
 * audio for gemini-2.5-flash, on 2026-12-01.
 */
export interface DatedPrice extends Price {
  from?: string;
}

/**
 * What a token of a service tier costs, as a multiple of the standard price
 * (ai.google.dev/gemini-api/docs/optimization, read 2026-11-30). `priority` costs 1.75 to 2 times as much, depending on
 * the model: see `priorityFactor`.
 */
export const serviceTierFactors: ReadonlyMap<string, number> = new Map([
  ['unspecified', 1],
  ['standard', 1],
  ['flex', 0.5],
  ['batch', 0.5],
]);

// gemini-3.8-flash: pricing page, read 2026-10-07; its price of cached input from anomalyco/models.dev, read
// 2026-11-30. Its introductory price ends with 2026. 3.7- and 3.6-flash have the same introductory price and the same
// end (third party: pydantic/genai-prices, which read the pricing page on 2026-08-13).
const flashIntroduction: Price = { input: 0.75, output: 3.75, cachedInput: 0.075 };
const flash2027: DatedPrice = { input: 1.5, output: 7.5, cachedInput: 0.15, from: '2027-01-01' };
// The prices of the largest Gemini 4 models double (ai.google.dev/gemini-api/docs/generate-content/latest-model, read
// 2026-11-30). Third parties (BerriAI/litellm, iyulab/TokenMeter, docs.laozhang.ai; read 2026-11-30) are the source of
// the prices of cached input, and say that Carbon costs as much as Argon.
const largeGemini4: readonly DatedPrice[] = [
  { input: 2, output: 10, cachedInput: 0.1 },
  { input: 4, output: 20, cachedInput: 0.2, from: '2026-12-01' },
];

// Third parties say that 3.8 Live costs the same as 3.1 Live. They were read on 2026-11-30, and their names were not
// recorded. One of them read the pricing page on 2026-09-28.
const gemini3LivePrices: readonly DatedPrice[] = [
  {
    ...{ input: 0.75, output: 4.5 },
    inputByModality: { AUDIO: 3, IMAGE: 1, VIDEO: 1 },
    outputByModality: { AUDIO: 12 },
  },
];

/**
 * Prices of requests on the paid tiers, outside of batches, oldest first. The source is
 * ai.google.dev/gemini-api/docs/pricing, read 2026-10-07, where no other is named; prices of cached input, audio and
 * images are third party (pydantic/genai-prices, which read that page between 2025-10 and 2026-08). The free tier is
 * not billed. Prices in settings take precedence.
 */
export const builtInPrices: Readonly<Record<string, readonly DatedPrice[]>> = {
  'gemini-4-argon': largeGemini4,
  'gemini-4-carbon': largeGemini4,
  // Third party: iyulab/TokenMeter 0.17.0, read 2026-11-30, which read the pricing page in 2026-11.
  'gemini-4-neon': [{ input: 3, output: 15, cachedInput: 0.15, priorityFactor: 1.8 }],
  'gemini-4-hydrogen': [{ input: 1.5, output: 7.5, cachedInput: 0.075, priorityFactor: 1.8 }],
  'gemini-3.8-flash': [flashIntroduction, flash2027],
  'gemini-3.7-flash': [
    { ...flashIntroduction, priorityFactor: 1.8 },
    { ...flash2027, priorityFactor: 1.8 },
  ],
  'gemini-3.6-flash': [flashIntroduction, flash2027],
  'gemini-3.5-flash': [{ input: 1.5, output: 9, cachedInput: 0.15 }],
  'gemini-3.5-flash-lite': [{ input: 0.3, output: 2.5, cachedInput: 0.03 }],
  'gemini-3.1-pro-preview': [
    {
      ...{ input: 2, output: 12, cachedInput: 0.2 },
      above: { promptTokens: 200_000, input: 4, output: 18, cachedInput: 0.4 },
    },
  ],
  'gemini-3.1-flash-lite': [{ input: 0.25, output: 1.5, cachedInput: 0.025, inputByModality: { AUDIO: 0.5 } }],
  'gemini-3-flash-preview': [{ input: 0.5, output: 3, cachedInput: 0.05, inputByModality: { AUDIO: 1 } }],
  // From 2026-12-01 requests for 2.5-pro and 2.5-flash go to newer models at their prices (third party:
  // aideprecations.com, read 2026-11-30, which read ai.google.dev/gemini-api/docs/deprecations on 2026-11-10).
  'gemini-2.5-pro': [
    {
      ...{ input: 1.25, output: 10, cachedInput: 0.125 },
      above: { promptTokens: 200_000, input: 2.5, output: 15, cachedInput: 0.25 },
    },
    { ...flashIntroduction, from: '2026-12-01' },
    flash2027,
  ],
  'gemini-2.5-flash': [
    { input: 0.3, output: 2.5, cachedInput: 0.03, inputByModality: { AUDIO: 1 } },
    { input: 0.3, output: 2.5, cachedInput: 0.03, from: '2026-12-01' },
  ],
  'gemini-2.5-flash-lite': [{ input: 0.1, output: 0.4, cachedInput: 0.01, inputByModality: { AUDIO: 0.3 } }],
  'gemini-3-pro-image': [{ input: 2, output: 12, outputByModality: { IMAGE: 120 } }],
  'gemini-3.1-flash-image': [{ input: 0.5, output: 3, outputByModality: { IMAGE: 60 } }],
  'gemini-3.1-flash-lite-image': [{ input: 0.25, output: 1.5, outputByModality: { IMAGE: 30 } }],
  'gemini-2.5-flash-image': [{ input: 0.3, output: 2.5, outputByModality: { IMAGE: 30 } }],
  // Third party: vercel.com/ai-gateway, read 2026-11-30. All output is sound, so `output` is its price.
  'gemini-3.8-flash-lite-tts': [{ input: 0.5, output: 6 }],
  'gemini-3.8-live': gemini3LivePrices,
  'gemini-3.8-live-extended-thinking': gemini3LivePrices,
  'gemini-3.1-flash-live-preview': gemini3LivePrices,
  'gemini-2.5-flash-native-audio-latest': [
    { input: 0.5, output: 2, inputByModality: { AUDIO: 3 }, outputByModality: { AUDIO: 12 } },
  ],
};

/**
 * Returns the fee of the tool `google_search`; undefined if it is unknown. It applies when the free allowance is used
 * up, and only Google knows when that is. Gemini 3 and 4, and so the aliases `…-latest`, bill each query; Gemini 2.5
 * bills each prompt that makes the model search. Source: third parties, of which one read
 * ai.google.dev/gemini-api/docs/google-search on 2026-09-17 (you.com, iyulab/TokenMeter 0.13.1; read 2026-11-30).
 */
export function getSearchFee(model: string): SearchFee | undefined {
  const generation = /^gemini-(flash-lite|flash|pro)-latest$/.test(model) ? 3 : getGeneration(model);
  if (generation === 3 || generation === 4) return { usd: 0.014, per: 'query' };
  return generation === 2 ? { usd: 0.035, per: 'prompt' } : undefined;
}

/**
 * The assumed length of a reply if `max_tokens` is not set. It is our own guess of about 300 words (2026-11) and is
 * used for estimates only.
 */
export const typicalReplyTokens = 400;

/**
 * The assumed length of a reply with a picture: that of one picture of 1K, for gemini-3.1-flash-image and newer models
 * (third party: inference.sh, whose $0.0336 for a picture are 1120 tokens at $30 per million; read 2026-11-30).
 */
export const typicalPictureTokens = 1120;
