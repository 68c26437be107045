/** The schema of boticelli.toml: types and ranges. `check-settings.ts` checks the content of strings. */
import * as z from 'zod/mini';

const text = z.optional(z.string());
/**
 * At least 1, because a limit of 0 would make a model unusable. In a tier, an absent limit means
 * unlimited; for a model, it means the limit of the tier.
 */
const limit = z.optional(z.int().check(z.gte(1)));
/** A share of a limit. It is at most 1, because requests above the full limit are known to be rejected. */
const multiplier = z.optional(z.number().check(z.gt(0), z.lte(1)));

const limits = { rpm: limit, tpm: limit, rpd: limit, max_concurrent: limit };

const tier = z.strictObject({ ...limits, models: z.optional(z.record(z.string(), z.strictObject(limits))) });

/** US dollars per million tokens. */
const usdPerMillionTokens = z.number().check(z.gte(0), z.lte(100_000));
const price = z.strictObject({
  input: usdPerMillionTokens,
  output: usdPerMillionTokens,
  cached_input: z.optional(usdPerMillionTokens),
  // US dollars per search.
  search: z.optional(z.number().check(z.gte(0), z.lte(1000))),
});

const gemini = z.strictObject({
  default_model: text,
  default_tier: text,
  base_url: text,
  // No service uses a window longer than a day. The bound catches values in a wrong unit, such as milliseconds.
  rate_window_seconds: z.optional(z.number().check(z.gt(0), z.lte(86_400))),
  fallback: z.optional(z.array(z.string())),
  tiers: z.optional(z.record(z.string(), tier)),
  prices: z.optional(z.record(z.string(), price)),
});

/** The whole file. All keys are optional. */
export const settingsSchema = z.strictObject({
  trust: z.optional(z.array(z.string())),
  providers: z.optional(z.strictObject({ gemini: z.optional(gemini) })),
  budget: z.optional(
    z.strictObject({ rpm_multiplier: multiplier, tpm_multiplier: multiplier, rpd_multiplier: multiplier }),
  ),
  quota: z.optional(z.strictObject({ project: text, redis_url: text })),
  store: z.optional(z.strictObject({ keep: text, prompts: z.optional(z.boolean()) })),
});

/** The content of a valid file. */
export type FileSettings = z.infer<typeof settingsSchema>;
/** A tier in a settings file. */
export type FileTier = z.infer<typeof tier>;
