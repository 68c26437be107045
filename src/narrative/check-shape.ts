import type * as z from 'zod/mini';
import { type Fault, fault, notYet } from './fault.js';
import { act, mediaTable, narrativeFile } from './file-schema.js';
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
import { unknownKey } from './unknown-key.js';

type Issue = z.core.$ZodIssue;

/** Every way in which a file is not what the schema says: keys that are unknown or missing, types, ranges. */
export function shapeFaults(file: TomlTable): Fault[] {
  const issues = issuesOf(narrativeFile, file, []);
  // zod passes over an entry called __proto__.
  for (const [table, schema] of [
    ['acts', act],
    ['media', mediaTable],
  ] as const) {
    const entry = valueAt(file, [table, '__proto__']);
    if (entry !== undefined) issues.push(...issuesOf(schema, entry, [table, '__proto__']));
  }
  return issues.flatMap((issue) => faultsOf(issue, file));
}

function issuesOf(schema: z.ZodMiniType, value: TomlValue, path: Path): Issue[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map((issue) => within(path, issue));
}

/** zod tells the path from the value that it was given. */
function within(path: Path, issue: Issue): Issue {
  return { ...issue, path: [...path, ...issue.path] };
}

function faultsOf(issue: Issue, file: TomlTable): Fault[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, file));
    case 'invalid_union':
      return unionFaults(issue, file);
    case 'too_small':
      return [rangeFault(path, value, `at least ${issue.minimum}`)];
    case 'too_big':
      return [rangeFault(path, value, `at most ${issue.maximum}`)];
    case 'invalid_type':
      return [typeFault(path, value, expectations[issue.expected] ?? issue.expected)];
    default:
      return [fault('wrong-type', path, `${valueWords(path)} is not what it must be`)];
  }
}

const expectations: Partial<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  array: 'an array',
  object: 'a table',
  record: 'a table',
};

function typeFault(path: Path, value: TomlValue | undefined, expected: string): Fault {
  if (value === undefined) return missing(path);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber || !expected.endsWith('number')) {
    // [[acts.look]] is what people write who mean [[acts.look.input]].
    const isInput = isTable(value) && path[0] === 'acts' && typeof path[2] === 'number' && path.length === 3;
    const advice = isInput ? `: an input is written ${tableWords([...path.slice(0, 2), 'input', 0])}` : '';
    return fault('wrong-type', path, `${valueWords(path)} must be ${expected}, not ${typeWords(value)}${advice}`);
  }
  // What is left are numbers that JavaScript can't count with, nan and inf, and those that are not whole.
  if (typeof value === 'bigint') return fault('out-of-range', path, `${valueWords(path)} is too large`);
  if (!Number.isFinite(value)) return rangeFault(path, value, expected);
  return fault('wrong-type', path, `${valueWords(path)} must be ${expected}, not ${value}`);
}

function rangeFault(path: Path, value: TomlValue | undefined, expected: string): Fault {
  return fault('out-of-range', path, `${valueWords(path)} must be ${expected}, not ${numberWords(value)}`);
}

/** A number as TOML writes it. */
function numberWords(value: TomlValue | undefined): string {
  return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

function missing(path: Path): Fault {
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  if (table.length === 0) return fault('missing-table', path, `the file has no [${key}]`);
  return fault('missing-key', table, `${tableWords(table)} has no ${quoted(key)}`, { target: 'key' });
}

/** A value that fits none of several forms is judged by the one form that takes values of its type. */
function unionFaults(issue: Extract<Issue, { code: 'invalid_union' }>, file: TomlTable): Fault[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  if (issue.discriminator !== undefined) return [typeOfInput(path, value)];
  const form = issue.errors.find(
    (issues) => !issues.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0),
  );
  if (form) return form.flatMap((inner) => faultsOf(within(path, inner), file));
  return [typeFault(path, value, 'a string, an array of strings or a table')];
}

const laterInputs = ['audio', 'video', 'document'];

/** The `type` of an input, which decides on everything else in it, is missing or none that there is. */
function typeOfInput(path: Path, value: TomlValue | undefined): Fault {
  if (value === undefined) return missing(path);
  if (typeof value !== 'string') return typeFault(path, value, 'a string');
  if (laterInputs.includes(value)) return notYet(path, `inputs of type ${quoted(value)}`);
  return fault('unknown-type', path, `${valueWords(path)} must be "text" or "image", not ${quoted(value)}`, {
    misnamed: { name: value, known: ['text', 'image', ...laterInputs] },
  });
}
