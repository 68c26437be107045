import { expect, it } from 'vitest';
import { toJSONSchema } from 'zod/mini';
import { narrativeFileSchema } from '../../../src/narrative/schema/file-schema.js';

type JsonSchema = { [key: string]: unknown };

/** The paths of everything in a JSON Schema that an editor would show without a word of explanation. */
function findUndescribed(schema: JsonSchema, path = ''): string[] {
  const inner = ['properties', 'anyOf', 'oneOf'].flatMap((key) => Object.entries((schema[key] ?? {}) as JsonSchema));
  const own = schema.properties && !schema.description ? [path] : [];
  const leaves = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
    .filter(([, property]) => !property.description)
    .map(([name]) => `${path}/${name}`);
  const further = [schema.items, schema.additionalProperties].filter((value) => typeof value === 'object');
  return [
    ...own,
    ...leaves,
    ...inner.flatMap(([name, value]) => findUndescribed(value as JsonSchema, `${path}/${name}`)),
    ...further.flatMap((value) => findUndescribed(value as JsonSchema, `${path}/*`)),
  ];
}

it('the schema that files are checked by is a JSON Schema too, with a word on every key', () => {
  const schema = toJSONSchema(narrativeFileSchema) as JsonSchema;
  expect(schema).toMatchObject({ type: 'object', required: ['toc', 'acts'], additionalProperties: false });
  expect(findUndescribed(schema)).toEqual([]);
});
