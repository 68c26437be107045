import * as z from 'zod/mini';
import { describe } from './describe.js';

/** The largest value of `min_words` and `max_words`. */
const maxWords = 2 ** 31 - 1;

// Each key needs a schema of its own, because zod's registry has one description for each schema.
const createWordCount = () => z.int().check(z.gte(0), z.lte(maxWords));
const createScalar = () => z.union([z.string(), z.number(), z.boolean()]);
const createTexts = () => z.union([z.string(), z.array(z.string())]);

/** The conditions on a text: the reply, or a value of a JSON reply. */
const conditionFields = {
  contains: z.optional(
    describe('A text, or several, that the reply or value must contain. Case matters.', createTexts()),
  ),
  not_contains: z.optional(
    describe('A text, or several, that the reply or value must not contain. Case matters.', createTexts()),
  ),
  matches: z.optional(
    describe(
      'A JavaScript regular expression that a part of the reply or value must match. Values of {{placeholders}} are escaped.',
      z.string(),
    ),
  ),
  min_words: z.optional(describe('The minimum number of words. White space separates them.', createWordCount())),
  max_words: z.optional(describe('The maximum number of words. White space separates them.', createWordCount())),
  equals: z.optional(
    describe('What the reply or value must equal. Line breaks at the end do not count.', createScalar()),
  ),
  one_of: z.optional(
    describe('The replies or values that are allowed. Line breaks at the end do not count.', z.array(createScalar())),
  ),
};

/** The conditions on a value of a JSON reply. */
export const pointerExpectationSchema = describe(
  'The conditions on the value at this JSON Pointer of a JSON reply.',
  z.strictObject({
    min: z.optional(describe('The lowest number that the value may be.', z.number())),
    max: z.optional(describe('The highest number that the value may be.', z.number())),
    ...conditionFields,
  }),
);

/**
 * `expect` of an act. It also has JSON Pointers as keys, each with a `pointerExpectationSchema`. zod can't express
 * such keys.
 */
export const expectationSchema = describe(
  'The conditions on the reply. A reply that does not meet them is requested once more. For format = "json", a key such as "/score" is a JSON Pointer to a value of the reply.',
  z.strictObject(conditionFields),
);
