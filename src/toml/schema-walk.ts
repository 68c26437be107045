import type * as z from 'zod/mini';
import type { Path } from './toml.js';

/** What a value must be, to zod. */
export type Schema = z.core.$ZodType;

/** The schema of what stands in a table under a key; undefined where the schema knows no such key. */
export function childOf(schema: Schema, key: Path[number]): Schema | undefined {
  const def = definitionOf(schema);
  if (def.type === 'record') return def.valueType;
  if (def.type === 'object') return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
  return undefined;
}

/** Whether a schema is of tables in which any name may stand. */
export function isRecord(schema: Schema): boolean {
  return definitionOf(schema).type === 'record';
}

/** Whether a schema is of tables with certain keys. */
export function isObject(schema: Schema): boolean {
  return definitionOf(schema).type === 'object';
}

/** The keys that the table at a path may have. Empty where any may, or where there is no table. */
export function keysAt(schema: Schema, path: Path): string[] {
  let at: Schema | undefined = schema;
  for (const step of path) at = at && childOf(at, step);
  const def = at && definitionOf(at);
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** What zod knows of a schema, below all its `optional`. */
function definitionOf(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' ? definitionOf(def.innerType) : def;
}
