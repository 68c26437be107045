import * as z from 'zod/mini';

/**
 * Adds a description to a schema in zod's registry, from which the JSON Schema is created.
 * @param extra JSON Schema keywords that zod can't express
 */
export function describe<Schema extends z.ZodMiniType>(
  description: string,
  schema: Schema,
  extra: Readonly<Record<string, unknown>> = {},
): Schema {
  z.globalRegistry.add(schema, { description, ...extra });
  return schema;
}
