import type { ErrorObject } from 'ajv';
import { BoticelliError } from '../../errors.js';
import { isDeeperThan } from '../../util/json.js';
import { maxWorkerMegabytes, runInWorker, type WorkerLimits } from '../../util/run-in-worker.js';

/** A JSON Schema as an object. The schemas `true` and `false` are not supported, because a model can't use them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Resolves to the mismatches between a value and a schema, one sentence each; empty if it matches. Rejects with the
 * signal's reason after an abort.
 * @throws BoticelliError `timeout` if the check takes longer than `timeoutMs` (default 10 000), `invalid_reply` if it
 *   takes too much memory or the schema refers to itself without end
 */
export type SchemaValidator = (value: unknown, limits?: Partial<WorkerLimits>) => Promise<string[]>;

/** Why a schema is not valid. */
export interface SchemaProblem {
  /** The path from the top of the schema: keys and array indexes. */
  pathInSchema: readonly string[];
  /** The end of a sentence that begins with the path. */
  message: string;
  /** An unknown value and the known ones, for a suggestion. */
  suggestionQuery?: { name: string; candidates: readonly string[] };
}

/**
 * The maximum length of a schema that is compiled in the main thread. Compiling takes up to a second for each 20,000
 * characters of a schema with many levels of `anyOf`, and signals wait until it has ended (measured 2026-11).
 */
const maxDirectSchemaLength = 20_000;

/** The maximum depth of a schema, and of a value. A recursive check of deeper ones would overflow the stack. */
const maxDepth = 500;

const defaultTimeoutMs = 10_000;

/**
 * Whether a schema is valid, or why it is not. `check` lists the mismatches of a value. It is absent if the schema was
 * compiled in a worker.
 */
type SchemaResult = { ok: true; check?: (value: unknown) => string[] } | { ok: false; problem: SchemaProblem };

/**
 * Finds out whether a schema is valid. A large schema is compiled in a worker, so that compiling it blocks no signals
 * and can be ended.
 */
export async function validateSchema(schema: JsonSchema, timeoutMs = defaultTimeoutMs): Promise<SchemaResult> {
  if (isDeeperThan(schema, maxDepth)) return fail([], `is nested more than ${maxDepth} levels deep`);
  if (JSON.stringify(schema).length <= maxDirectSchemaLength) return compileCheck(schema);
  const outcome = await runInWorker<SchemaWorkerResult>('schema-worker', { schema }, { timeoutMs });
  if (outcome.ok) return 'problem' in outcome.result ? { ok: false, problem: outcome.result.problem } : { ok: true };
  const limit = outcome.limit === 'time' ? `${timeoutMs / 1000} s` : `${maxWorkerMegabytes} MB of memory`;
  return fail([], `is too large: compiling it takes more than ${limit}`);
}

/**
 * Compiles a schema to a function that lists the mismatches of a value. Dialects: 2020-12, and draft-07 if `$schema`
 * names it. Compiling may take minutes and the function may run for hours; `validateSchema` and `createSchemaValidator`
 * limit both.
 */
export async function compileCheck(
  schema: JsonSchema,
): Promise<{ ok: true; check: (value: unknown) => string[] } | { ok: false; problem: SchemaProblem }> {
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

function fail(pathInSchema: readonly string[], message: string): { ok: false; problem: SchemaProblem } {
  return { ok: false, problem: { pathInSchema, message } };
}

/**
 * Keywords whose check may take a time that is not proportional to the sizes of the schema and of the value: a pattern
 * can backtrack for hours, references can double the work at every level, and `uniqueItems` compares all pairs.
 */
const slowKeywords = /"(?:pattern|patternProperties|\$(?:ref|dynamicRef|recursiveRef)|uniqueItems|unevaluated\w+)":/;

/** Up to this product of the lengths of schema and value, a check runs in the main thread and takes less than 0.3 s. */
const maxDirectWork = 20_000_000;

/**
 * Creates the validator of a schema. Pass this function as `compileSchema` to `withJsonValidation`. A check that may
 * take long runs in a worker, so that it can be ended.
 *
 * @throws BoticelliError `invalid_narrative` if the schema is not valid
 */
export async function createSchemaValidator(schema: JsonSchema): Promise<SchemaValidator> {
  const schemaResult = await validateSchema(schema);
  if (!schemaResult.ok) throw createInvalidSchemaError(schemaResult.problem);
  const schemaJson = JSON.stringify(schema);
  const check = slowKeywords.test(schemaJson) ? undefined : schemaResult.check;
  return async (value, { signal, timeoutMs = defaultTimeoutMs } = {}) => {
    if (isDeeperThan(value, maxDepth)) return [`it is nested more than ${maxDepth} levels deep`];
    if (check && schemaJson.length * JSON.stringify(value).length <= maxDirectWork) return check(value);
    const outcome = await runInWorker<SchemaWorkerResult>('schema-worker', { schema, value }, { signal, timeoutMs });
    if (!outcome.ok && outcome.limit === 'time')
      throw createCheckError('timeout', `took more than ${timeoutMs / 1000} s`);
    if (!outcome.ok) throw createCheckError('invalid_reply', `took more than ${maxWorkerMegabytes} MB of memory`);
    const { result } = outcome;
    if ('problem' in result) throw createInvalidSchemaError(result.problem);
    if ('failure' in result) throw createCheckError('invalid_reply', `failed: ${result.failure}`);
    return result.mismatches;
  };
}

/** What a worker found: the mismatches, why the schema is not valid, or why it can't be applied to the value. */
export type SchemaWorkerResult = { mismatches: string[] } | { problem: SchemaProblem } | { failure: string };

function createInvalidSchemaError(problem: SchemaProblem): BoticelliError {
  return new BoticelliError('invalid_narrative', describeSchemaProblem(problem));
}

/**
 * Creates the error for a reply that could not be checked. It is not transient, because another reply would not help.
 * @param predicate what the check did, as the end of a sentence: `took more than 5 s`
 */
function createCheckError(code: 'timeout' | 'invalid_reply', predicate: string): BoticelliError {
  return new BoticelliError(code, `checking the reply against its schema ${predicate}`, {
    hint: 'Simplify the schema: its patterns, "$ref" and "anyOf" can make the check expensive.',
  });
}

/** Describes why a schema is not valid: `not a valid JSON Schema: /type must be …`. */
export function describeSchemaProblem({ pathInSchema, message }: SchemaProblem): string {
  return `not a valid JSON Schema: ${['', ...pathInSchema].join('/') || 'it'} ${message}`;
}

/**
 * Creates the problem from the error at the deepest path, because this error is the most specific one: an error at a
 * parent often only follows from it. If several errors are equally deep, the first one is used.
 */
function createSchemaProblem(errors: readonly ErrorObject[], schema: JsonSchema): SchemaProblem {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  const [error] = [...errors].sort((left, right) => depth(right) - depth(left));
  const steps = (error?.instancePath ?? '').split('/').slice(1);
  const pathInSchema = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const value = pathInSchema.reduce<unknown>((current, step) => (current as Record<string, unknown>)?.[step], schema);
  const candidates: unknown = error?.params.allowedValues;
  return {
    pathInSchema,
    message: error ? formatAjvError(error) : 'is not a valid JSON Schema',
    ...(typeof value === 'string' && Array.isArray(candidates) && { suggestionQuery: { name: value, candidates } }),
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
