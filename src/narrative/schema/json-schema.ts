import type { ErrorObject } from 'ajv';
import { BoticelliError } from '../../errors.js';

/** A JSON Schema, as an object: `true` and `false` are none that a model could be asked by. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Says, a sentence each, in what a value does not match a schema. Empty where it matches. */
export type SchemaValidator = (value: unknown) => string[];

/** One way in which a schema is none. */
export interface SchemaProblem {
  /** Names and positions that lead to the place in the schema. */
  pointer: readonly string[];
  /** What it is, as the end of a sentence that begins with the place. */
  message: string;
  /** A value that is none of the known ones. */
  suggest?: { name: string; candidates: readonly string[] };
}

/** Makes the check of a schema, or says why it is none. Dialects: 2020-12, and draft-07 where `$schema` says so. */
export async function compileSchema(
  schema: JsonSchema,
): Promise<{ check: SchemaValidator } | { problem: SchemaProblem }> {
  const { createAjv: validatorFor } = await import('./create-ajv.js');
  const ajv = validatorFor(schema.$schema);
  if (!ajv)
    return {
      problem: { pointer: ['$schema'], message: 'is of a dialect that is not known: 2020-12 and draft-07 are' },
    };
  try {
    if (!ajv.validateSchema(schema)) return { problem: createSchemaProblem(ajv.errors ?? [], schema) };
    const validate = ajv.compile(schema);
    // Ajv's own extension: such a check would answer with a promise, and a promise is always true.
    if ('$async' in validate) return { problem: { pointer: ['$async'], message: 'has no meaning here' } };
    return { check: (value) => (validate(value) === true ? [] : formatMismatches(validate.errors ?? [])) };
  } catch (thrown) {
    // A $ref that leads nowhere, a pattern that is no regular expression.
    return { problem: { pointer: [], message: `can't be used: ${(thrown as Error).message}` } };
  }
}

/**
 * The check of a schema that is known to be one, `conforming`'s option. Rejects with `invalid_narrative` for one that is
 * none.
 */
export async function createSchemaValidator(schema: JsonSchema): Promise<SchemaValidator> {
  const compiled = await compileSchema(schema);
  if ('check' in compiled) return compiled.check;
  const { pointer, message } = compiled.problem;
  throw new BoticelliError(
    'invalid_narrative',
    `the JSON Schema is none: ${['', ...pointer].join('/') || 'it'} ${message}`,
  );
}

/** Of those that lead deepest the first says the most: others are of the same value, or of what it is in, seen otherwise. */
function createSchemaProblem(errors: readonly ErrorObject[], schema: JsonSchema): SchemaProblem {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [error] = [...errors].sort((left, right) => depth(right) - depth(left));
  const pointer = (error?.instancePath ?? '').split('/').slice(1).map(unescapePointer);
  const value = pointer.reduce<unknown>((current, step) => (current as Record<string, unknown>)?.[step], schema);
  const candidates: unknown = error?.params.allowedValues;
  return {
    pointer,
    message: error ? formatAjvError(error) : 'is no JSON Schema',
    ...(typeof value === 'string' && Array.isArray(candidates) && { suggest: { name: value, candidates } }),
  };
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The most mismatches that are worth telling. */
const maxMismatches = 10;

function formatMismatches(errors: readonly ErrorObject[]): string[] {
  const messages = errors.map(
    (error) => `${error.instancePath === '' ? 'it' : error.instancePath} ${formatAjvError(error)}`,
  );
  return [...new Set(messages)].slice(0, maxMismatches);
}

function formatAjvError({ keyword, message = 'does not match', params }: ErrorObject): string {
  if (keyword === 'additionalProperties')
    return `must not have the property ${JSON.stringify(params.additionalProperty)}`;
  if (keyword === 'enum') {
    const allowed: readonly unknown[] = params.allowedValues;
    return `must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  return message;
}
