import * as z from 'zod/mini';
import { harmCategories, harmThresholds, mostStopSequences } from '../../facts.js';
import { described } from '../lint/describe.js';

/** The levels that `thinking` can name. */
export const thinkingLevels = ['minimal', 'low', 'medium', 'high'] as const;

const threshold = z.enum(Object.keys(harmThresholds) as (keyof typeof harmThresholds)[]);

const thresholds = z.strictObject(
  Object.fromEntries(
    Object.keys(harmCategories).map((category) => [
      category,
      z.optional(described('From which probability on it is blocked.', threshold)),
    ]),
  ),
);

/** The largest whole number that the service's API has room for: 32 bits with a sign. */
export const mostWhole = 2 ** 31 - 1;

/** How a model shall generate, beyond its temperature: of a whole narrative, or of one act. */
export const generationSettings = {
  top_p: z.optional(
    described(
      'Of the likeliest words so many that their probabilities make up this sum: 0 to 1.',
      z.number().check(z.gte(0), z.lte(1)),
    ),
  ),
  top_k: z.optional(described('So many of the likeliest words.', z.int().check(z.gte(1), z.lte(mostWhole)))),
  seed: z.optional(
    described('The same seed makes the same reply likelier.', z.int().check(z.gte(-mostWhole - 1), z.lte(mostWhole))),
  ),
  stop: z.optional(
    described(
      `The reply ends where one of these would begin; at most ${mostStopSequences}.`,
      z.array(z.string().check(z.minLength(1))).check(z.maxLength(mostStopSequences)),
    ),
  ),
  thinking: z.optional(
    described(
      'How long the model may think: "minimal", "low", "medium", "high", or a number of tokens.',
      z.union([z.enum(thinkingLevels), z.int().check(z.gte(0), z.lte(mostWhole))]),
    ),
  ),
  safety: z.optional(
    described('From which probability on harm is blocked, by category: only_high, none and so on.', thresholds),
  ),
};

/** What an act's reply is to be. */
export const replyFormat = {
  format: z.optional(described('What the reply is: "text" unless given, or "json".', z.enum(['text', 'json']))),
  schema: z.optional(
    described(
      "The JSON Schema that a JSON reply must match: a table, or a file's path relative to the narrative's file.",
      z.union([z.string(), z.record(z.string(), z.unknown())]),
    ),
  ),
};
