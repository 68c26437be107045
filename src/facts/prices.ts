/** Facts about Gemini's prices. Each has its source and the date on which it was read. */

/** The price of a model, in US dollars per million tokens. Thoughts are billed as output. */
export interface Price {
  input: number;
  output: number;
}

/** A price and the first day (UTC) on which it applies. The earliest price has no first day. */
export interface DatedPrice extends Price {
  from?: string;
}

/**
 * Prices of single requests on the paid tiers, oldest first (ai.google.dev/gemini-api/docs/pricing, read 2026-10-07).
 * The free tier is not billed. Prices in settings take precedence. Live models are missing, because audio is billed at
 * other rates.
 */
export const builtInPrices: Readonly<Record<string, readonly DatedPrice[]>> = {
  'gemini-3.8-flash': [
    { input: 0.75, output: 3.75 },
    { input: 1.5, output: 7.5, from: '2027-01-01' },
  ],
  'gemini-3.5-flash': [{ input: 1.5, output: 9 }],
  'gemini-3.5-flash-lite': [{ input: 0.3, output: 2.5 }],
  'gemini-3.1-pro-preview': [{ input: 2, output: 12 }],
  'gemini-3.1-flash-lite': [{ input: 0.25, output: 1.5 }],
};

/**
 * The assumed length of a reply if `max_tokens` is not set. It is our own guess, about 300 words (2026-11), and is
 * used for estimates only.
 */
export const typicalReplyTokens = 400;
