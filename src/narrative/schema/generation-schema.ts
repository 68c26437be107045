import * as z from 'zod/mini';
import { harmCategories, harmThresholds, maxStopSequences } from '../../facts/requests.js';
import { describe } from './describe.js';

/** The levels that `thinking` can name. */
export const thinkingLevels = ['minimal', 'low', 'medium', 'high'] as const;

const thresholdSchema = z.enum(Object.keys(harmThresholds) as (keyof typeof harmThresholds)[]);

const safetySchema = z.strictObject(
  Object.fromEntries(
    Object.keys(harmCategories).map((category) => [
      category,
      z.optional(describe('From which probability on it is blocked.', thresholdSchema)),
    ]),
  ),
);

/** The largest whole number that the service's API has room for: 32 bits with a sign. */
export const maxInt32 = 2 ** 31 - 1;

/** How a model shall generate, beyond its temperature: of a whole narrative, or of one act. */
export const generationFields = {
  top_p: z.optional(
    describe(
      'Of the likeliest words so many that their probabilities make up this sum: 0 to 1.',
      z.number().check(z.gte(0), z.lte(1)),
    ),
  ),
  top_k: z.optional(describe('So many of the likeliest words.', z.int().check(z.gte(1), z.lte(maxInt32)))),
  seed: z.optional(
    describe('The same seed makes the same reply likelier.', z.int().check(z.gte(-maxInt32 - 1), z.lte(maxInt32))),
  ),
  stop: z.optional(
    describe(
      `The reply ends where one of these would begin; at most ${maxStopSequences}.`,
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
    describe('From which probability on harm is blocked, by category: only_high, none and so on.', safetySchema),
  ),
};

/** What an act's reply is to be. */
export const replyFormatFields = {
  format: z.optional(describe('What the reply is: "text" unless given, or "json".', z.enum(['text', 'json']))),
  schema: z.optional(
    describe(
      "The JSON Schema that a JSON reply must match: a table, or a file's path relative to the narrative's file.",
      z.union([z.string(), z.record(z.string(), z.unknown())]),
    ),
  ),
};
