import { toJSONSchema } from 'zod/mini';
import { narrativeFileSchema } from './file-schema.js';
import type { JsonSchema } from './json-schema.js';

/**
 * The JSON Schema of a narrative file (draft 2020-12), made from the definition that files are checked by. What is beyond
 * tables, keys and types, an act that does not exist for one, it can't say. A file of its own: nothing else loads zod's
 * maker of JSON Schemas.
 */
export function createNarrativeJsonSchema(): JsonSchema {
  return toJSONSchema(narrativeFileSchema, { target: 'draft-2020-12' }) as JsonSchema;
}
