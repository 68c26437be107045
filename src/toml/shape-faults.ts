import * as z from 'zod/mini';
import { type Fault, fault } from './fault.js';
import { childOf, isObject, isRecord, type Schema } from './schema-walk.js';
import { surelyAccepts } from './surely-accepts.js';
import {
  isTable,
  type Path,
  quoted,
  type TomlTable,
  type TomlValue,
  tableWords,
  typeWords,
  valueAt,
  valueWords,
} from './toml.js';

/** One way in which a value is not what a schema says. Its path is from the top of the file. */
export type Issue = z.core.$ZodIssue;
export type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/** A kind of file: what it may hold, and what there is to say of it that a schema can't. */
export interface FileKind {
  schema: Schema;
  /** The fault of a key that the table at a path does not have. */
  unknownKey(table: Path, key: string, file: TomlTable): Fault;
  /** The faults of a value that fits none of several forms. Needed where the schema has unions. */
  unionFaults?(issue: UnionIssue, file: TomlTable): Fault[];
  /** What to add to the message about a value of a wrong type: nothing, or `: ` and advice. */
  typeAdvice?(path: Path, value: TomlValue): string;
}

/** Every way in which a file is not what its schema says: keys that are unknown or missing, types, ranges. */
export function shapeFaults(file: TomlTable, kind: FileKind): Fault[] {
  if (surelyAccepts(kind.schema, file)) return [];
  try {
    const issues = [...issuesOf(kind.schema, file, []), ...overlookedIssues(kind.schema, file, [])];
    return issues.flatMap((issue) => faultsOf(issue, file, kind));
  } catch (thrown) {
    // zod 4 hands what it found up as the arguments of a call, which takes some hundred thousand. It is no overflow of the
    // stack, for nothing here goes deeper than the schema.
    if (!(thrown instanceof RangeError)) throw thrown;
    return [fault('wrong-type', [], 'the file has more faults than can be told: more than a hundred thousand')];
  }
}

function issuesOf(schema: Schema, value: TomlValue, path: Path): Issue[] {
  return (z.safeParse(schema, value).error?.issues ?? []).map((issue) => within(path, issue));
}

/**
 * zod passes over an entry called __proto__ where any name may stand, so that it is judged on its own; and a date is an object
 * to it, a table without a key.
 */
function overlookedIssues(schema: Schema, value: TomlValue, path: Path): Issue[] {
  if (!isTable(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const child = childOf(schema, key);
    if (!child) return [];
    const at = [...path, key];
    if (inner instanceof Date && isObject(child)) return [dateForTable(at)];
    const own = key === '__proto__' && isRecord(schema) ? issuesOf(child, inner, at) : [];
    return [...own, ...overlookedIssues(child, inner, at)];
  });
}

function dateForTable(path: Path): Issue {
  return { code: 'invalid_type', expected: 'object', path: [...path], message: '' };
}

/** zod tells the path from the value that it was given. */
export function within(path: Path, issue: Issue): Issue {
  return { ...issue, path: [...path, ...issue.path] };
}

/** The faults that an issue comes to, in words. */
export function faultsOf(issue: Issue, file: TomlTable, kind: FileKind): Fault[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  const table = issue.code === 'unrecognized_keys' ? value : valueAt(file, path.slice(0, -1));
  // A date that stands for a table is told of by itself, and what it has and lacks is not.
  if (table instanceof Date) return [];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => kind.unknownKey(path, key, file));
    case 'invalid_union':
      return kind.unionFaults?.(issue, file) ?? [notWhatItMustBe(path)];
    case 'invalid_value':
      return [valueFault(path, value, issue.values, kind)];
    case 'too_small':
      if (issue.origin === 'string') return [fault('out-of-range', path, `${valueWords(path)} is empty`)];
      return [rangeFault(path, value, `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`)];
    case 'too_big':
      if (issue.origin === 'array') return [lengthFault(path, value, Number(issue.maximum))];
      return [rangeFault(path, value, `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`)];
    case 'invalid_type':
      return [typeFault(path, value, expectations[issue.expected] ?? issue.expected, kind)];
    default:
      return [notWhatItMustBe(path)];
  }
}

function notWhatItMustBe(path: Path): Fault {
  return fault('wrong-type', path, `${valueWords(path)} is not what it must be`);
}

const expectations: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};

/** The fault of a value that is missing, or of another type than the one expected. */
export function typeFault(
  path: Path,
  value: TomlValue | undefined,
  expected: string,
  { typeAdvice }: Pick<FileKind, 'typeAdvice'>,
): Fault {
  if (value === undefined) return missing(path);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber || !expected.endsWith('number')) {
    const advice = typeAdvice?.(path, value) ?? '';
    return fault('wrong-type', path, `${valueWords(path)} must be ${expected}, not ${typeWords(value)}${advice}`);
  }
  // What is left are numbers that JavaScript can't count with, nan and inf, and those that are not whole.
  if (typeof value === 'bigint') {
    return fault('out-of-range', path, `${valueWords(path)} is too ${value < 0n ? 'small' : 'large'}`);
  }
  if (!Number.isFinite(value)) return rangeFault(path, value, expected);
  return fault('wrong-type', path, `${valueWords(path)} must be ${expected}, not ${value}`);
}

/** The fault of a value that is none of those that there are. */
function valueFault(
  path: Path,
  value: TomlValue | undefined,
  values: readonly unknown[],
  kind: Pick<FileKind, 'typeAdvice'>,
): Fault {
  const known = values.map(String);
  const expected = oneOfWords(known.map(quoted));
  if (typeof value !== 'string') return typeFault(path, value, expected, kind);
  const message = `${valueWords(path)} must be ${expected}, not ${quoted(value)}`;
  return fault('unknown-value', path, message, { misnamed: { name: value, known } });
}

/** `"a", "b" or "c"`. */
export function oneOfWords(choices: readonly string[]): string {
  return [choices.slice(0, -1).join(', '), ...choices.slice(-1)].filter((part) => part !== '').join(' or ');
}

function lengthFault(path: Path, value: TomlValue | undefined, most: number): Fault {
  const length = Array.isArray(value) ? value.length : 0;
  return fault('out-of-range', path, `${valueWords(path)} may have ${most} elements at most, not ${length}`);
}

function rangeFault(path: Path, value: TomlValue | undefined, expected: string): Fault {
  return fault('out-of-range', path, `${valueWords(path)} must be ${expected}, not ${numberWords(value)}`);
}

/** A number as TOML writes it. */
function numberWords(value: TomlValue | undefined): string {
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

/** The fault of a key or a table that must be there. */
export function missing(path: Path): Fault {
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  if (table.length === 0) return fault('missing-table', path, `the file has no [${key}]`);
  return fault('missing-key', table, `${tableWords(table)} has no ${quoted(key)}`, { target: 'key' });
}
