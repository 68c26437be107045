import { expect, test } from 'vitest';
import { createSchemaValidator, type JsonSchema, validateSchema } from '../../../src/narrative/schema/json-schema.js';
import { getError } from '../../gemini/gemini-fixture.js';

/** A schema whose check takes hours to find that the text does not match. */
const backtracking = { type: 'string', pattern: '^(a+)+$' };
const backtrackingText = `${'a'.repeat(60)}b`;

/** Each level refers twice to the one below it, so the lowest one is checked 2^25 times. */
const doubling: JsonSchema = {
  $defs: Object.fromEntries(
    Array.from({ length: 26 }, (_, level) => {
      const below = { $ref: `#/$defs/level-${level - 1}` };
      return [`level-${level}`, level === 0 ? { type: 'string' } : { anyOf: [below, below] }];
    }),
  ),
  $ref: '#/$defs/level-25',
};

test.each([
  ['a pattern that backtracks', backtracking, backtrackingText],
  ['a schema that doubles the work at each level', doubling, 7],
])('ends the check against %s at its time limit and on abort', async (_, schema, value) => {
  const validate = await createSchemaValidator(schema);
  const error = await getError(validate(value, { timeoutMs: 300 }));
  expect([error.code, error.message]).toEqual([
    'timeout',
    'checking the reply against its schema took more than 0.3 s',
  ]);

  const controller = new AbortController();
  const reason = new Error('stop');
  setTimeout(() => controller.abort(reason), 100);
  await expect(validate(value, { signal: controller.signal })).rejects.toBe(reason);
});

test('lists the mismatches if the schema has a pattern, which a worker checks', async () => {
  const item = { type: 'object', properties: { day: { type: 'string', pattern: '^\\d{4}-\\d\\d$' } } };
  const validate = await createSchemaValidator({ type: 'array', items: item });
  expect(await validate([{ day: '2026-11' }])).toEqual([]);
  expect(await validate([{ day: 'today' }, { day: 7 }])).toEqual([
    '/0/day must match pattern "^\\d{4}-\\d\\d$"',
    '/1/day must be string',
  ]);
});

test('reports a schema that refers to itself without end', async () => {
  const validate = await createSchemaValidator({ $ref: '#' });
  const { code, message } = await getError(validate(7));
  expect([code, message]).toEqual([
    'invalid_reply',
    'checking the reply against its schema failed: Maximum call stack size exceeded',
  ]);
});

test('rejects a value that is nested too deeply', async () => {
  const validate = await createSchemaValidator({ items: { $ref: '#' } });
  const nest = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  expect(await validate(nest(500))).toEqual([]);
  expect(await validate(nest(100_000))).toEqual(['it is nested more than 500 levels deep']);
});

// The two schemas that take Ajv longest to compile for their size: many levels of `anyOf`, and a long `enum` of
// draft-07.

function createAnyOfTree(levels: number): JsonSchema {
  return levels === 0 ? { type: 'string' } : { anyOf: [createAnyOfTree(levels - 1), createAnyOfTree(levels - 1)] };
}
const longEnum = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  enum: Array.from({ length: 100_000 }, (_, id) => ({ id })),
};

test.each([
  ['many levels of anyOf', createAnyOfTree(14)],
  ['a long enum', longEnum],
])('ends compiling %s at its time limit, without blocking timers', async (_, schema) => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 20);
  const result = await validateSchema(schema, 500);
  clearInterval(timer);
  const message = 'is too large: compiling it takes more than 0.5 s';
  expect(result).toEqual({ ok: false, problem: { pathInSchema: [], message } });
  expect(ticks).toBeGreaterThan(3);
});

test('checks a value against a large schema, and says where such a schema is invalid', async () => {
  const properties = Object.fromEntries(Array.from({ length: 700 }, (_, id) => [`day-${id}`, { type: 'string' }]));
  const validate = await createSchemaValidator({ type: 'object', properties });
  expect(await validate({ 'day-1': 'x' })).toEqual([]);
  expect(await validate({ 'day-1': 1 })).toEqual(['/day-1 must be string']);
  const invalid = await validateSchema({ type: 'object', properties: { ...properties, day: { type: 'day' } } });
  expect(invalid).toMatchObject({ ok: false, problem: { pathInSchema: ['properties', 'day', 'type'] } });
});

test('rejects a schema that is nested too deeply', async () => {
  const schema = JSON.parse(`${'{"not":'.repeat(100_000)}{}${'}'.repeat(100_000)}`);
  const message = 'is nested more than 500 levels deep';
  expect(await validateSchema(schema)).toEqual({ ok: false, problem: { pathInSchema: [], message } });
});
