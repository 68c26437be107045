import type * as z from 'zod/mini';
import type { Path } from './toml.js';

/** A zod schema. */
export type Schema = z.core.$ZodType;

/** Returns the schema of the value at a key of a table; undefined if the schema has no such key. */
export function getChildSchema(schema: Schema, key: Path[number]): Schema | undefined {
  const def = getDefinition(schema);
  if (def.type === 'record') return def.valueType;
  if (def.type === 'object') return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
  return undefined;
}

/** Whether a schema describes tables with arbitrary keys. */
export function isRecordSchema(schema: Schema): boolean {
  return getDefinition(schema).type === 'record';
}

/** Whether a schema describes tables with fixed keys. */
export function isObjectSchema(schema: Schema): boolean {
  return getDefinition(schema).type === 'object';
}

/** Lists the keys that the table at a path may have. Empty if any key is allowed, or if the path is not a table. */
export function getSchemaKeys(schema: Schema, path: Path): string[] {
  let current: Schema | undefined = schema;
  for (const step of path) current = current && getChildSchema(current, step);
  const def = current && getDefinition(current);
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** Returns zod's definition of a schema, with every `optional` unwrapped. */
function getDefinition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' ? getDefinition(def.innerType) : def;
}
