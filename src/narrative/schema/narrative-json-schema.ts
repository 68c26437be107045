import { toJSONSchema } from 'zod/mini';
import { expectationSchema, pointerExpectationSchema } from './expectation-schema.js';
import { narrativeFileSchema } from './file-schema.js';
import type { JsonSchema } from './json-schema.js';

/**
 * Creates the JSON Schema of narrative files (draft 2020-12) from the definition that `check` uses. It covers tables,
 * keys and types, but not, for example, whether the acts in `order` exist. This code is in its own file, because no
 * other code needs zod's JSON Schema generator.
 */
export function createNarrativeJsonSchema(): JsonSchema {
  const options = { target: 'draft-2020-12' } as const;
  const { $schema: _, ...pointerSchema } = toJSONSchema(pointerExpectationSchema, options);
  return toJSONSchema(narrativeFileSchema, {
    ...options,
    override({ zodSchema, jsonSchema }) {
      // The keys of `expect` that begin with / are JSON Pointers, which zod can't express.
      if (zodSchema === expectationSchema) jsonSchema.patternProperties = { '^/': pointerSchema };
    },
  }) as JsonSchema;
}
