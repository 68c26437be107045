import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { settingsSchema } from '../../src/config/settings-schema.js';
import { narrativeFileSchema } from '../../src/narrative/schema/file-schema.js';
import { readToml } from '../../src/toml/read-toml.js';
import { surelyAccepts } from '../../src/toml/surely-accepts.js';
import type { TomlTable, TomlValue } from '../../src/toml/toml.js';
import { root } from '../helpers/boticelli.js';

const schemas = { narrativeFile: narrativeFileSchema, settingsSchema };
const samples = readdirSync(join(root, 'narratives')).filter((name) => name.endsWith('.toml'));

async function tableIn(text: string | Buffer): Promise<TomlTable> {
  const read = await readToml(Buffer.from(text));
  if ('diagnostic' in read) throw new Error(read.diagnostic.message);
  return read.table;
}

test.each(samples)('%s, which is without fault, is accepted without asking zod', async (name) => {
  expect(surelyAccepts(narrativeFileSchema, await tableIn(readFileSync(join(root, 'narratives', name))))).toBe(true);
});

test('an entry called __proto__, over which zod passes, is left for a closer look', async () => {
  const text = '[narrative]\nname = "x"\n[toc]\norder = ["a"]\n[acts]\na = "A"\n[vars]\n__proto__ = "x"\n';
  expect(surelyAccepts(narrativeFileSchema, await tableIn(text))).toBe(false);
});

/** Anything that TOML can hold; strings and numbers are mostly those that matter to the schemas. */
const names = ['narrative', 'acts', 'toc', 'order', 'name', 'type', 'input', 'content', 'model', 'rpm', 'tiers', 'x'];
const valueWith = (...more: TomlValue[]): fc.Arbitrary<TomlValue> =>
  fc.letrec<{ value: TomlValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('text', 'image', 'none', 'json', 'minimal', '', 'x'),
      fc.oneof(fc.integer({ min: -2, max: 3 }), fc.double(), fc.constant(2 ** 60), fc.constant(NaN)),
      fc.boolean(),
      ...more.map((each) => fc.constant(each)),
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { noNullPrototype: false }),
    ),
  })).value;

/** The parts of a schema, so that random values meet small ones too. */
function partsOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
      return [schema, ...partsOf(def.innerType)];
    case 'array':
      return [schema, ...partsOf(def.element)];
    case 'record':
      return [schema, ...partsOf(def.valueType)];
    case 'union':
      return [schema, ...def.options.flatMap(partsOf)];
    case 'object':
      return [schema, ...Object.values(def.shape).flatMap(partsOf)];
    default:
      return [schema];
  }
}

test.each(Object.entries(schemas))('what is surely accepted, zod accepts, in every part of %s', (_, schema) => {
  const parts = [...new Set(partsOf(schema))];
  fc.assert(
    fc.property(fc.constantFrom(...parts), valueWith(new Date(0)), (part, random) => {
      if (surelyAccepts(part, random)) expect(z.safeParse(part, random).success).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test.each(Object.entries(schemas))(
  'and what zod accepts is accepted, but for dates, which are objects to it, in every part of %s',
  (_, schema) => {
    const parts = [...new Set(partsOf(schema))];
    fc.assert(
      fc.property(fc.constantFrom(...parts), valueWith(), (part, random) => {
        if (z.safeParse(part, random).success) expect(surelyAccepts(part, random)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  },
);
