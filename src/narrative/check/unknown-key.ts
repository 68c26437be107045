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
import { expectationSchema, pointerExpectationSchema } from '../schema/expectation-schema.js';
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
  const keyPath = [...tablePath, key];
  const schema = getTableSchema(tablePath, valueAt(file, [...tablePath, 'type']));
  const isTopLevel = tablePath.length === 0;
  const label = isTopLevel ? formatTableHeader(keyPath) : describePath(keyPath);
  if (listIgnoredKeys(schema).includes(key))
    return warningAt('ignored-key', keyPath, `${label} is ignored; only the original Rust version uses it`);
  if (isTopLevel && (key === 'bots' || key === 'tables')) {
    return errorAt('not-supported', keyPath, `${label} is not supported; only the original Rust version has ${key}`, {
      target: 'key',
    });
  }
  const rustProblem = createRustKeyProblem(tablePath, key, file);
  if (rustProblem) return rustProblem;
  const options = { target: 'key', suggestionQuery: { name: key, candidates: Object.keys(schema.shape) } } as const;
  const value = valueAt(file, keyPath);
  if (isTopLevel && (isTable(value) || Array.isArray(value))) {
    return errorAt('unknown-table', keyPath, `unknown table ${label}`, options);
  }
  const suffix = isTopLevel ? ' above the first table' : '';
  return errorAt('unknown-key', keyPath, `unknown key ${describePath(keyPath)}${suffix}`, options);
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

/** Returns the schema of the table at a key path. For an input, it also depends on the `type`. */
function getTableSchema(keyPath: Path, type: TomlValue | undefined): TableSchema {
  switch (keyPath[0]) {
    case undefined:
      return narrativeFileSchema;
    case 'toc':
      return tocSchema;
    case 'media':
      return mediaSchema;
    case 'acts':
      if (keyPath.length === 2) return actTableSchema;
      if (keyPath[2] === 'expect') return keyPath.length === 3 ? expectationSchema : pointerExpectationSchema;
      if (keyPath.length === 3 && isSettingTable(keyPath[2])) return settingTables[keyPath[2]];
      return type === 'text' ? textInputSchema : mediaInputSchema;
    default:
      return isSettingTable(keyPath[1]) ? settingTables[keyPath[1]] : narrativeTableSchema;
  }
}
