import type { ErrorObject } from 'ajv';
import { BoticelliError } from '../../errors.js';

/** A JSON Schema as an object. The schemas `true` and `false` are not supported, because a model can't use them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Returns the mismatches between a value and a schema, one sentence each; empty if it matches. */
export type SchemaValidator = (value: unknown) => string[];

/** Why a schema is not valid. */
export interface SchemaProblem {
  /** The path into the schema: keys and array indexes. */
  pointer: readonly string[];
  /** The end of a sentence that begins with the path. */
  message: string;
  /** An unknown value and the known ones, for a suggestion. */
  suggest?: { name: string; candidates: readonly string[] };
}

/** Compiles a schema to a validator. Dialects: 2020-12, and draft-07 if `$schema` names it. */
export async function compileSchema(
  schema: JsonSchema,
): Promise<{ ok: true; check: SchemaValidator } | { ok: false; problem: SchemaProblem }> {
  const { createAjv } = await import('./create-ajv.js');
  const ajv = createAjv(schema.$schema);
  if (!ajv) return fail(['$schema'], 'names an unknown dialect; supported are 2020-12 and draft-07');
  try {
    if (!ajv.validateSchema(schema)) return { ok: false, problem: createSchemaProblem(ajv.errors ?? [], schema) };
    const validate = ajv.compile(schema);
    // `$async` is an extension of Ajv. The validator would return a promise, which is always truthy.
    if ('$async' in validate) return fail(['$async'], 'is not supported');
    return { ok: true, check: (value) => (validate(value) === true ? [] : formatMismatches(validate.errors ?? [])) };
  } catch (thrown) {
    // For example an unresolved $ref, or a pattern that is not a valid regular expression.
    return fail([], `can't be used: ${(thrown as Error).message}`);
  }
}

function fail(pointer: readonly string[], message: string): { ok: false; problem: SchemaProblem } {
  return { ok: false, problem: { pointer, message } };
}

/**
 * Creates the validator of a schema. Pass this function as `compileSchema` to `withJsonValidation`.
 *
 * @throws BoticelliError `invalid_narrative` if the schema is not valid
 */
export async function createSchemaValidator(schema: JsonSchema): Promise<SchemaValidator> {
  const compiled = await compileSchema(schema);
  if (compiled.ok) return compiled.check;
  throw new BoticelliError('invalid_narrative', describeSchemaProblem(compiled.problem));
}

/** Describes why a schema is not valid: `not a valid JSON Schema: /type must be …`. */
export function describeSchemaProblem({ pointer, message }: SchemaProblem): string {
  return `not a valid JSON Schema: ${['', ...pointer].join('/') || 'it'} ${message}`;
}

/**
 * Creates the problem from the first error at the deepest path, which is the most specific. The other errors are about
 * the same value or its parents.
 */
function createSchemaProblem(errors: readonly ErrorObject[], schema: JsonSchema): SchemaProblem {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [error] = [...errors].sort((left, right) => depth(right) - depth(left));
  const steps = (error?.instancePath ?? '').split('/').slice(1);
  const pointer = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const value = pointer.reduce<unknown>((current, step) => (current as Record<string, unknown>)?.[step], schema);
  const candidates: unknown = error?.params.allowedValues;
  return {
    pointer,
    message: error ? formatAjvError(error) : 'is not a valid JSON Schema',
    ...(typeof value === 'string' && Array.isArray(candidates) && { suggest: { name: value, candidates } }),
  };
}

/** The maximum number of mismatches to report. */
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
