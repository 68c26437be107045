import * as z from 'zod/mini';
import { harmCategories, harmThresholds, maxStopSequences } from '../../facts/requests.js';
import { describe } from './describe.js';

/** The levels of `thinking`. */
export const thinkingLevels = ['minimal', 'low', 'medium', 'high'] as const;

const thresholdSchema = z.enum(Object.keys(harmThresholds) as (keyof typeof harmThresholds)[]);

const safetySchema = z.strictObject(
  Object.fromEntries(
    Object.keys(harmCategories).map((category) => [
      category,
      z.optional(describe('The probability from which content of this category is blocked.', thresholdSchema)),
    ]),
  ),
);

/** The largest integer that the service accepts: 32 bits, signed. */
export const maxInt32 = 2 ** 31 - 1;

/** Generation settings besides the temperature, of a narrative or of one act. */
export const generationFields = {
  top_p: z.optional(
    describe(
      'Nucleus sampling: consider only the likeliest tokens whose probabilities add up to this value, 0 to 1.',
      z.number().check(z.gte(0), z.lte(1)),
    ),
  ),
  top_k: z.optional(
    describe('Consider only this many of the likeliest tokens.', z.int().check(z.gte(1), z.lte(maxInt32))),
  ),
  seed: z.optional(
    describe(
      'Seed for sampling. The same seed makes the same reply more likely.',
      z.int().check(z.gte(-maxInt32 - 1), z.lte(maxInt32)),
    ),
  ),
  stop: z.optional(
    describe(
      `Stop sequences: the reply ends before the first of them. At most ${maxStopSequences}.`,
      z.array(z.string().check(z.minLength(1))).check(z.maxLength(maxStopSequences)),
    ),
  ),
  thinking: z.optional(
    describe(
      'How long the model may think: "minimal", "low", "medium", "high", or a number of tokens.',
      z.union([z.enum(thinkingLevels), z.int().check(z.gte(0), z.lte(maxInt32))]),
    ),
  ),
  safety: z.optional(
    describe(
      'The probability from which harmful content is blocked, by category, for example "only_high".',
      safetySchema,
    ),
  ),
};

/** The reply format of an act. */
export const replyFormatFields = {
  format: z.optional(describe('The format of the reply: "text" (default) or "json".', z.enum(['text', 'json']))),
  schema: z.optional(
    describe(
      "The JSON Schema that a JSON reply must match: a table, or a file's path relative to the narrative's file.",
      z.union([z.string(), z.record(z.string(), z.unknown())]),
    ),
  ),
};
