import { toJSONSchema } from 'zod/mini';
import { expectationSchema, valueExpectationSchema } from './expectation-schema.js';
import { narrativeFileSchema } from './file-schema.js';
import type { JsonSchema } from './json-schema.js';

/**
 * Creates the JSON Schema of narrative files (draft 2020-12) from the definition that `check` uses. It covers tables,
 * keys and types, but not, for example, whether the acts in `order` exist. This code is in its own file, because no
 * other code needs zod's JSON Schema generator.
 */
export function createNarrativeJsonSchema(): JsonSchema {
  const options = { target: 'draft-2020-12' } as const;
  const { $schema: _, ...valueSchema } = toJSONSchema(valueExpectationSchema, options);
  return toJSONSchema(narrativeFileSchema, {
    ...options,
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === expectationSchema) jsonSchema.patternProperties = { '^/': valueSchema };
    },
  }) as JsonSchema;
}
