import { expect, it } from 'vitest';
import { toJSONSchema } from 'zod/mini';
import { narrativeFileSchema } from '../../../src/narrative/schema/file-schema.js';

type JsonSchema = { [key: string]: unknown };

/** Lists the tables and keys of a JSON Schema that have no description, as paths. */
function findUndescribed(schema: JsonSchema, path = ''): string[] {
  const inner = ['properties', 'anyOf', 'oneOf'].flatMap((key) => Object.entries((schema[key] ?? {}) as JsonSchema));
  const undescribedTable = schema.properties && !schema.description ? [path] : [];
  const undescribedKeys = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
    .filter(([, property]) => !property.description)
    .map(([name]) => `${path}/${name}`);
  const elementSchemas = [schema.items, schema.additionalProperties].filter((value) => typeof value === 'object');
  return [
    ...undescribedTable,
    ...undescribedKeys,
    ...inner.flatMap(([name, value]) => findUndescribed(value as JsonSchema, `${path}/${name}`)),
    ...elementSchemas.flatMap((value) => findUndescribed(value as JsonSchema, `${path}/*`)),
  ];
}

it('converts to a JSON Schema with a description of every key', () => {
  const schema = toJSONSchema(narrativeFileSchema) as JsonSchema;
  expect(schema).toMatchObject({ type: 'object', required: ['acts'], additionalProperties: false });
  expect(findUndescribed(schema)).toEqual([]);
});
