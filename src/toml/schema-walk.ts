import type * as z from 'zod/mini';
import type { Path } from './toml.js';

/** What a value must be, to zod. */
export type Schema = z.core.$ZodType;

/** The schema of what stands in a table under a key; undefined where the schema knows no such key. */
export function getChildSchema(schema: Schema, key: Path[number]): Schema | undefined {
  const def = getDefinition(schema);
  if (def.type === 'record') return def.valueType;
  if (def.type === 'object') return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
  return undefined;
}

/** Whether a schema is of tables in which any name may stand. */
export function isRecordSchema(schema: Schema): boolean {
  return getDefinition(schema).type === 'record';
}

/** Whether a schema is of tables with certain keys. */
export function isObjectSchema(schema: Schema): boolean {
  return getDefinition(schema).type === 'object';
}

/** The keys that the table at a path may have. Empty where any may, or where there is no table. */
export function getSchemaKeys(schema: Schema, path: Path): string[] {
  let current: Schema | undefined = schema;
  for (const step of path) current = current && getChildSchema(current, step);
  const def = current && getDefinition(current);
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** What zod knows of a schema, below all its `optional`. */
function getDefinition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' ? getDefinition(def.innerType) : def;
}
