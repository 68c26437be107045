import { errorAt, type Problem, warningAt } from '../../toml/problem.js';
import {
  describePath,
  formatTableHeader,
  isTable,
  type Path,
  type TomlTable,
  type TomlValue,
  valueAt,
} from '../../toml/toml.js';
import { expectationSchema, valueExpectationSchema } from '../schema/expectation-schema.js';
import {
  actTableSchema,
  imageSchema,
  mediaInputSchema,
  mediaSchema,
  narrativeFileSchema,
  narrativeTableSchema,
  safetySchema,
  textInputSchema,
  tocSchema,
} from '../schema/file-schema.js';
import { createRustKeyProblem } from './rust-original.js';

/** Creates the problem for an unknown key: a warning if the key is one that boticelli ignores, otherwise an error. */
export function createUnknownKeyProblem(tablePath: Path, key: string, file: TomlTable): Problem {
  const path = [...tablePath, key];
  const schema = getTableSchema(tablePath, valueAt(file, [...tablePath, 'type']));
  const isTopLevel = tablePath.length === 0;
  const label = isTopLevel ? formatTableHeader(path) : describePath(path);
  if (listIgnoredKeys(schema).includes(key))
    return warningAt('ignored-key', path, `${label} is ignored; only the original Rust version uses it`);
  if (isTopLevel && (key === 'bots' || key === 'tables')) {
    return errorAt('not-supported', path, `${label} is not supported; only the original Rust version has ${key}`, {
      target: 'key',
    });
  }
  const rustProblem = createRustKeyProblem(tablePath, key, file);
  if (rustProblem) return rustProblem;
  const options = { target: 'key', suggestionQuery: { name: key, candidates: Object.keys(schema.shape) } } as const;
  const value = valueAt(file, path);
  if (isTopLevel && (isTable(value) || Array.isArray(value))) {
    return errorAt('unknown-table', path, `unknown table ${label}`, options);
  }
  const suffix = isTopLevel ? ' above the first table' : '';
  return errorAt('unknown-key', path, `unknown key ${describePath(path)}${suffix}`, options);
}

const schemasWithFilename: readonly TableSchema[] = [mediaSchema, mediaInputSchema, textInputSchema];

type TableSchema = { shape: Record<string, unknown> };

/** Lists the keys of a table that boticelli ignores. Only the original Rust version uses them. */
function listIgnoredKeys(schema: TableSchema): string[] {
  if (schema === narrativeTableSchema) return ['template', 'target', 'skip_content_generation', 'preserve_source'];
  return schemasWithFilename.includes(schema) ? ['filename'] : [];
}

/** The tables among the settings of a narrative or an act. */
const settingTables = { safety: safetySchema, image: imageSchema };

function isSettingTable(key: Path[number] | undefined): key is keyof typeof settingTables {
  return typeof key === 'string' && Object.hasOwn(settingTables, key);
}

/** Returns the schema of the table at a path. For an input, it also depends on the `type`. */
function getTableSchema(path: Path, type: TomlValue | undefined): TableSchema {
  switch (path[0]) {
    case undefined:
      return narrativeFileSchema;
    case 'toc':
      return tocSchema;
    case 'media':
      return mediaSchema;
    case 'acts':
      if (path.length === 2) return actTableSchema;
      if (path[2] === 'expect') return path.length === 3 ? expectationSchema : valueExpectationSchema;
      if (path.length === 3 && isSettingTable(path[2])) return settingTables[path[2]];
      return type === 'text' ? textInputSchema : mediaInputSchema;
    default:
      return isSettingTable(path[1]) ? settingTables[path[1]] : narrativeTableSchema;
  }
}
