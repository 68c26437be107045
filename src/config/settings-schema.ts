/**
 * What boticelli.toml may hold. Only shapes and ranges are said here; what a text must be beyond being one is in
 * `settings-values.ts`.
 */
import * as z from 'zod/mini';

const text = z.optional(z.string());
/** Zero would be a model that can't be used, and a limit that is absent is unlimited: so there is no need for either. */
const limit = z.optional(z.int().check(z.gte(1)));
/** A share of a limit. Above 1 it would send what is known to be refused. */
const multiplier = z.optional(z.number().check(z.gt(0), z.lte(1)));

const limits = { rpm: limit, tpm: limit, rpd: limit, max_concurrent: limit };

const tier = z.strictObject({
  ...limits,
  models: z.optional(z.record(z.string(), z.strictObject(limits))),
});

/** Dollars for a million tokens. */
const usdPerMillionTokens = z.number().check(z.gte(0), z.lte(100_000));
const price = z.strictObject({ input: usdPerMillionTokens, output: usdPerMillionTokens });

const gemini = z.strictObject({
  default_model: text,
  default_tier: text,
  base_url: text,
  // A day is more than any service counts by; a wrong unit, milliseconds say, is found by it.
  rate_window_seconds: z.optional(z.number().check(z.gt(0), z.lte(86_400))),
  fallback: z.optional(z.array(z.string())),
  tiers: z.optional(z.record(z.string(), tier)),
  prices: z.optional(z.record(z.string(), price)),
});

/** The whole file. Every key may be absent. */
export const settingsSchema = z.strictObject({
  providers: z.optional(z.strictObject({ gemini: z.optional(gemini) })),
  budget: z.optional(
    z.strictObject({ rpm_multiplier: multiplier, tpm_multiplier: multiplier, rpd_multiplier: multiplier }),
  ),
  quota: z.optional(z.strictObject({ project: text, redis_url: text })),
  store: z.optional(z.strictObject({ keep: text })),
});

/** The tables of a file without fault, as they are written. */
export type FileSettings = z.infer<typeof settingsSchema>;
/** One tier of it. */
export type FileTier = z.infer<typeof tier>;
