import * as z from 'zod/mini';
import { errorAt, type Problem } from './problem.js';
import {
  containsDateOrProtoKey,
  describePath,
  describeType,
  formatTableHeader,
  isTable,
  type Path,
  quote,
  type TomlTable,
  type TomlValue,
  valueAt,
} from './toml.js';

type Schema = z.core.$ZodType;

/** A mismatch that zod found. */
type ZodIssue = z.core.$ZodIssue;
/** The issue of a value that matches no option of a union. */
export type UnionIssue = Extract<ZodIssue, { code: 'invalid_union' }>;

/** A kind of file: its schema, and messages that a schema can't express. */
export interface FileFormat {
  schema: Schema;
  /** Creates the problems for a key that the schema of the table at a key path does not have. */
  createUnknownKeyProblems(tablePath: Path, key: string, file: TomlTable): Problem[];
  /**
   * Creates the problems for a value that matches no option of a union. Default: one problem, which says that the value
   * is not valid.
   */
  convertUnionIssue?(issue: UnionIssue, file: TomlTable): Problem[];
  /** Returns a suffix for the message about a value of the wrong type: empty, or `; ` and advice. */
  formatTypeHint?(keyPath: Path, value: TomlValue): string;
}

/** Finds every mismatch between a file and its schema: unknown and missing keys, types, ranges. */
export function validateFile(file: TomlTable, format: FileFormat): Problem[] {
  try {
    return findAllIssues(format.schema, file, []).flatMap((issue) => convertIssue(issue, file, format));
  } catch (thrown) {
    // zod 4 passes its issues as arguments of one call, which throws a RangeError for more than about a hundred
    // thousand issues. The error can't be a stack overflow, because the recursion is only as deep as the schema.
    if (!(thrown instanceof RangeError)) throw thrown;
    return [errorAt('wrong-type', [], 'the file has too many errors to list: more than a hundred thousand')];
  }
}

/** Finds every mismatch between the value at a key path of a file and the schema of that value. */
export function validateTable(schema: Schema, keyPath: Path, file: TomlTable, format: FileFormat): Problem[] {
  const value = valueAt(file, keyPath);
  return value === undefined
    ? []
    : findAllIssues(schema, value, keyPath).flatMap((issue) => convertIssue(issue, file, format));
}

function findAllIssues(schema: Schema, value: TomlValue, keyPath: Path): ZodIssue[] {
  const issues = findIssues(schema, value, keyPath);
  // Few files have what zod misses, so this test makes `check` faster.
  return containsDateOrProtoKey(value) ? [...issues, ...findIssuesMissedByZod(schema, value, keyPath)] : issues;
}

function findIssues(schema: Schema, value: TomlValue, keyPath: Path): ZodIssue[] {
  return (z.safeParse(schema, value).error?.issues ?? []).map((issue) => prependPath(keyPath, issue));
}

/**
 * Finds what zod misses: zod skips a record entry called `__proto__`, and accepts a date as an object without keys.
 */
function findIssuesMissedByZod(schema: Schema, value: TomlValue, keyPath: Path): ZodIssue[] {
  if (value instanceof Date) return findDateIssues(schema, keyPath);
  if (Array.isArray(value)) {
    const def = getDefinition(selectOption(schema, ['array']));
    if (def.type !== 'array') return [];
    return value.flatMap((element, index) => findIssuesMissedByZod(def.element, element, [...keyPath, index]));
  }
  if (!isTable(value)) return [];
  const tableSchema = selectOption(schema, ['object', 'record']);
  return Object.entries(value).flatMap(([key, entry]) => {
    const child = getChildSchema(tableSchema, key);
    if (!child) return [];
    const childPath = [...keyPath, key];
    const isSkipped = key === '__proto__' && getDefinition(tableSchema).type === 'record';
    const skipped = isSkipped ? findIssues(child, entry, childPath) : [];
    return [...skipped, ...findIssuesMissedByZod(child, entry, childPath)];
  });
}

/** Finds the issue of a date that zod accepts as an object. */
function findDateIssues(schema: Schema, path: Path): ZodIssue[] {
  if (getDefinition(selectOption(schema, ['object'])).type !== 'object') return [];
  const def = getDefinition(schema);
  const issue = { path: [...path], message: '' };
  return def.type === 'union' && !('discriminator' in def)
    ? [{ ...issue, code: 'invalid_union', errors: [] }]
    : [{ ...issue, code: 'invalid_type', expected: 'object' }];
}

/** Returns the first option of a union that has one of the types. Without such an option, returns the schema itself. */
function selectOption(schema: Schema, types: readonly string[]): Schema {
  const def = getDefinition(schema);
  const options = def.type === 'union' ? def.options : [];
  return options.find((option) => types.includes(getDefinition(option).type)) ?? schema;
}

/** Returns the schema of the value at a key of a table; undefined if the schema has no such key. */
function getChildSchema(schema: Schema, key: Path[number]): Schema | undefined {
  const def = getDefinition(schema);
  if (def.type === 'record') return def.valueType;
  if (def.type === 'object') return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
  return undefined;
}

/** Lists the keys that the table at a key path may have. Empty if any key is allowed, or if there is no table. */
export function getSchemaKeys(schema: Schema, keyPath: Path): string[] {
  let current: Schema | undefined = schema;
  for (const step of keyPath) current = current && getChildSchema(current, step);
  const def = current && getDefinition(current);
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** Returns zod's definition of a schema, with every `optional` unwrapped. */
function getDefinition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' ? getDefinition(def.innerType) : def;
}

/**
 * Extends the path of an issue, so that it starts at the top of the file. In zod it starts at the value that zod was
 * given.
 */
export function prependPath(keyPath: Path, issue: ZodIssue): ZodIssue {
  return { ...issue, path: [...keyPath, ...issue.path] };
}

/** Converts an issue of zod, whose path starts at the top of the file, to problems. */
export function convertIssue(issue: ZodIssue, file: TomlTable, format: FileFormat): Problem[] {
  const keyPath = issue.path as Path;
  const value = valueAt(file, keyPath);
  const table = issue.code === 'unrecognized_keys' ? value : valueAt(file, keyPath.slice(0, -1));
  // `findIssuesMissedByZod` already reports a date in place of a table, so issues about the table's keys are left out.
  if (table instanceof Date) return [];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.flatMap((key) => format.createUnknownKeyProblems(keyPath, key, file));
    case 'invalid_union':
      return format.convertUnionIssue?.(issue, file) ?? [createFallbackProblem(keyPath)];
    case 'invalid_value':
      return [createValueProblem(keyPath, value, issue.values.map(String), format)];
    case 'too_small':
      if (issue.origin === 'string' || Array.isArray(value))
        return [errorAt('out-of-range', keyPath, `${describePath(keyPath)} is empty`)];
      return [
        createRangeProblem(keyPath, value, `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`),
      ];
    case 'too_big':
      if (Array.isArray(value)) {
        const message = `${describePath(keyPath)} may have at most ${issue.maximum} elements, not ${value.length}`;
        return [errorAt('out-of-range', keyPath, message)];
      }
      return [createRangeProblem(keyPath, value, `at most ${issue.maximum}`)];
    case 'invalid_type':
      return [createTypeProblem(keyPath, value, typeNames[issue.expected] ?? issue.expected, format)];
    default:
      return [createFallbackProblem(keyPath)];
  }
}

/** Creates the problem for an issue that has no message of its own. */
function createFallbackProblem(keyPath: Path): Problem {
  return errorAt('wrong-type', keyPath, `${describePath(keyPath)} is not valid`);
}

const typeNames: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};

/** Creates the problem for a value that is missing or has the wrong type. */
export function createTypeProblem(
  keyPath: Path,
  value: TomlValue | undefined,
  expected: string,
  { formatTypeHint }: FileFormat,
): Problem {
  if (value === undefined) return createMissingProblem(keyPath);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber || !expected.endsWith('number')) {
    const hint = formatTypeHint?.(keyPath, value) ?? '';
    return errorAt(
      'wrong-type',
      keyPath,
      `${describePath(keyPath)} must be ${expected}, not ${describeType(value)}${hint}`,
    );
  }
  // The remaining cases: numbers that are too large, nan, inf and fractions.
  if (typeof value === 'bigint') {
    return errorAt('out-of-range', keyPath, `${describePath(keyPath)} is too ${value < 0n ? 'small' : 'large'}`);
  }
  if (!Number.isFinite(value)) return createRangeProblem(keyPath, value, expected);
  return errorAt('wrong-type', keyPath, `${describePath(keyPath)} must be ${expected}, not ${value}`);
}

/**
 * Creates the problem for a value that is not one of the allowed strings.
 * @param candidates the allowed strings, from which the suggestion is chosen
 * @param expected describes all allowed values, which may include other types. Default: lists the candidates
 */
export function createValueProblem(
  keyPath: Path,
  value: TomlValue | undefined,
  candidates: readonly string[],
  format: FileFormat,
  { rule = 'unknown-value', expected = formatAlternatives(candidates.map(quote)) } = {},
): Problem {
  if (typeof value !== 'string') return createTypeProblem(keyPath, value, expected, format);
  const message = `${describePath(keyPath)} must be ${expected}, not ${quote(value)}`;
  return errorAt(rule, keyPath, message, { suggestionQuery: { name: value, candidates } });
}

/** Joins choices: `"a", "b" or "c"`. */
export function formatAlternatives(choices: readonly string[]): string {
  return [choices.slice(0, -1).join(', '), ...choices.slice(-1)].filter((part) => part !== '').join(' or ');
}

function createRangeProblem(keyPath: Path, value: TomlValue | undefined, expected: string): Problem {
  const number = String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
  return errorAt('out-of-range', keyPath, `${describePath(keyPath)} must be ${expected}, not ${number}`);
}

/** Creates the problem for a missing key or table. */
function createMissingProblem(keyPath: Path): Problem {
  const key = String(keyPath.at(-1));
  const table = keyPath.slice(0, -1);
  if (table.length === 0) return errorAt('missing-table', keyPath, `the file has no [${key}]`);
  return errorAt('missing-key', table, `${formatTableHeader(table)} has no ${quote(key)}`, { target: 'key' });
}
