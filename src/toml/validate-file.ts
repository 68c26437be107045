import * as z from 'zod/mini';
import { errorAt, type Problem } from './problem.js';
import { getChildSchema, isObjectSchema, isRecordSchema, type Schema } from './schema-walk.js';
import { surelyAccepts } from './surely-accepts.js';
import {
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

/** One way in which a value is not what a schema says. Its path is from the top of the file. */
export type ZodIssue = z.core.$ZodIssue;
export type UnionIssue = Extract<ZodIssue, { code: 'invalid_union' }>;

/** A kind of file: what it may hold, and what there is to say of it that a schema can't. */
export interface FileFormat {
  schema: Schema;
  /** The fault of a key that the table at a path does not have. */
  createUnknownKeyProblem(tablePath: Path, key: string, file: TomlTable): Problem;
  /** The faults of a value that fits none of several forms. Needed where the schema has unions. */
  convertUnionIssue?(issue: UnionIssue, file: TomlTable): Problem[];
  /** What to add to the message about a value of a wrong type: nothing, or `: ` and advice. */
  formatTypeHint?(path: Path, value: TomlValue): string;
}

/** Every way in which a file is not what its schema says: keys that are unknown or missing, types, ranges. */
export function validateFile(file: TomlTable, format: FileFormat): Problem[] {
  if (surelyAccepts(format.schema, file)) return [];
  try {
    const issues = [...findIssues(format.schema, file, []), ...findIssuesMissedByZod(format.schema, file, [])];
    return issues.flatMap((issue) => convertIssue(issue, file, format));
  } catch (thrown) {
    // zod 4 hands what it found up as the arguments of a call, which takes some hundred thousand. It is no overflow of the
    // stack, for nothing here goes deeper than the schema.
    if (!(thrown instanceof RangeError)) throw thrown;
    return [errorAt('wrong-type', [], 'the file has more faults than can be told: more than a hundred thousand')];
  }
}

function findIssues(schema: Schema, value: TomlValue, path: Path): ZodIssue[] {
  return (z.safeParse(schema, value).error?.issues ?? []).map((issue) => prependPath(path, issue));
}

/**
 * zod passes over an entry called __proto__ where any name may stand, so that it is judged on its own; and a date is an object
 * to it, a table without a key.
 */
function findIssuesMissedByZod(schema: Schema, value: TomlValue, path: Path): ZodIssue[] {
  if (!isTable(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const child = getChildSchema(schema, key);
    if (!child) return [];
    const childPath = [...path, key];
    if (inner instanceof Date && isObjectSchema(child)) return [createDateIssue(childPath)];
    const ownIssues = key === '__proto__' && isRecordSchema(schema) ? findIssues(child, inner, childPath) : [];
    return [...ownIssues, ...findIssuesMissedByZod(child, inner, childPath)];
  });
}

function createDateIssue(path: Path): ZodIssue {
  return { code: 'invalid_type', expected: 'object', path: [...path], message: '' };
}

/** zod tells the path from the value that it was given. */
export function prependPath(path: Path, issue: ZodIssue): ZodIssue {
  return { ...issue, path: [...path, ...issue.path] };
}

/** The faults that an issue comes to, in words. */
export function convertIssue(issue: ZodIssue, file: TomlTable, format: FileFormat): Problem[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  const table = issue.code === 'unrecognized_keys' ? value : valueAt(file, path.slice(0, -1));
  // A date that stands for a table is told of by itself, and what it has and lacks is not.
  if (table instanceof Date) return [];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => format.createUnknownKeyProblem(path, key, file));
    case 'invalid_union':
      return format.convertUnionIssue?.(issue, file) ?? [createInvalidValueProblem(path)];
    case 'invalid_value':
      return [createValueProblem(path, value, issue.values, format)];
    case 'too_small':
      if (issue.origin === 'string') return [errorAt('out-of-range', path, `${describePath(path)} is empty`)];
      return [
        createRangeProblem(path, value, `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`),
      ];
    case 'too_big':
      if (issue.origin === 'array') return [createLengthProblem(path, value, Number(issue.maximum))];
      return [
        createRangeProblem(path, value, `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`),
      ];
    case 'invalid_type':
      return [createTypeProblem(path, value, typeNames[issue.expected] ?? issue.expected, format)];
    default:
      return [createInvalidValueProblem(path)];
  }
}

function createInvalidValueProblem(path: Path): Problem {
  return errorAt('wrong-type', path, `${describePath(path)} is not what it must be`);
}

const typeNames: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};

/** The fault of a value that is missing, or of another type than the one expected. */
export function createTypeProblem(
  path: Path,
  value: TomlValue | undefined,
  expected: string,
  { formatTypeHint }: Pick<FileFormat, 'formatTypeHint'>,
): Problem {
  if (value === undefined) return createMissingProblem(path);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber || !expected.endsWith('number')) {
    const hint = formatTypeHint?.(path, value) ?? '';
    return errorAt('wrong-type', path, `${describePath(path)} must be ${expected}, not ${describeType(value)}${hint}`);
  }
  // What is left are numbers that JavaScript can't count with, nan and inf, and those that are not whole.
  if (typeof value === 'bigint') {
    return errorAt('out-of-range', path, `${describePath(path)} is too ${value < 0n ? 'small' : 'large'}`);
  }
  if (!Number.isFinite(value)) return createRangeProblem(path, value, expected);
  return errorAt('wrong-type', path, `${describePath(path)} must be ${expected}, not ${value}`);
}

/** The fault of a value that is none of those that there are. */
function createValueProblem(
  path: Path,
  value: TomlValue | undefined,
  values: readonly unknown[],
  format: Pick<FileFormat, 'formatTypeHint'>,
): Problem {
  const candidates = values.map(String);
  const expected = formatAlternatives(candidates.map(quote));
  if (typeof value !== 'string') return createTypeProblem(path, value, expected, format);
  const message = `${describePath(path)} must be ${expected}, not ${quote(value)}`;
  return errorAt('unknown-value', path, message, { suggest: { name: value, candidates } });
}

/** `"a", "b" or "c"`. */
export function formatAlternatives(choices: readonly string[]): string {
  return [choices.slice(0, -1).join(', '), ...choices.slice(-1)].filter((part) => part !== '').join(' or ');
}

function createLengthProblem(path: Path, value: TomlValue | undefined, maxLength: number): Problem {
  const length = Array.isArray(value) ? value.length : 0;
  return errorAt('out-of-range', path, `${describePath(path)} may have ${maxLength} elements at most, not ${length}`);
}

function createRangeProblem(path: Path, value: TomlValue | undefined, expected: string): Problem {
  return errorAt('out-of-range', path, `${describePath(path)} must be ${expected}, not ${formatNumber(value)}`);
}

/** A number as TOML writes it. */
function formatNumber(value: TomlValue | undefined): string {
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

/** The fault of a key or a table that must be there. */
export function createMissingProblem(path: Path): Problem {
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  if (table.length === 0) return errorAt('missing-table', path, `the file has no [${key}]`);
  return errorAt('missing-key', table, `${formatTableHeader(table)} has no ${quote(key)}`, { target: 'key' });
}
