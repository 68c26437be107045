import * as z from 'zod/mini';

/**
 * Puts the description of a schema into zod's registry, from where the JSON Schema takes it; with `more`, what else a JSON
 * Schema can say of it and zod can't.
 */
export function describe<Schema extends z.ZodMiniType>(
  description: string,
  schema: Schema,
  extra: Readonly<Record<string, unknown>> = {},
): Schema {
  z.globalRegistry.add(schema, { description, ...extra });
  return schema;
}
