import { harmCategories } from '../../facts/requests.js';
import { errorAt, type Problem, warningAt } from '../../toml/problem.js';
import { describePath, formatTableHeader, isTable, type Path, type TomlTable, valueAt } from '../../toml/toml.js';
import {
  actTableSchema,
  mediaInputSchema,
  mediaSchema,
  narrativeFileSchema,
  narrativeTableSchema,
  textInputSchema,
  tocSchema,
} from '../schema/file-schema.js';

/** Creates the problem for an unknown key: a warning if it is only ignored. */
export function createUnknownKeyProblem(tablePath: Path, key: string, file: TomlTable): Problem {
  const path = [...tablePath, key];
  const tableValue = valueAt(file, tablePath);
  const { supported, ignored } = getKnownKeys(tablePath, isTable(tableValue) ? tableValue : {});
  const isTopLevel = tablePath.length === 0;
  const label = isTopLevel ? formatTableHeader(path) : describePath(path);
  if (ignored.includes(key))
    return warningAt('ignored-key', path, `${label} is ignored; only the Rust original uses it`);
  if (isTopLevel && (key === 'bots' || key === 'tables')) {
    return errorAt('not-supported', path, `${label} is not supported; only the Rust original has ${key}`, {
      target: 'key',
    });
  }
  const options = { target: 'key', suggest: { name: key, candidates: supported } } as const;
  const value = valueAt(file, path);
  if (isTopLevel && (isTable(value) || Array.isArray(value))) {
    return errorAt('unknown-table', path, `unknown table ${label}`, options);
  }
  const suffix = isTopLevel ? ' above the first table' : '';
  return errorAt('unknown-key', path, `unknown key ${describePath(path)}${suffix}`, options);
}

/** The keys of a kind of table. */
interface KnownKeys {
  supported: readonly string[];
  /** Keys that the Rust original uses and boticelli ignores. */
  ignored: readonly string[];
}

const fileKeys = listKeys(narrativeFileSchema);
const narrativeKeys = listKeys(narrativeTableSchema, [
  'template',
  'target',
  'skip_content_generation',
  'preserve_source',
]);
const tocKeys = listKeys(tocSchema);
const actKeys = listKeys(actTableSchema);
const safetyKeys: KnownKeys = { supported: Object.keys(harmCategories), ignored: [] };
const mediaKeys = listKeys(mediaSchema, ['filename']);
const textInputKeys = listKeys(textInputSchema, ['filename']);
const mediaInputKeys = listKeys(mediaInputSchema, ['filename']);

function listKeys(schema: { shape: Record<string, unknown> }, ignored: readonly string[] = []): KnownKeys {
  return { supported: Object.keys(schema.shape), ignored };
}

function getKnownKeys(path: Path, table: TomlTable): KnownKeys {
  switch (path[0]) {
    case undefined:
      return fileKeys;
    case 'toc':
      return tocKeys;
    case 'media':
      return mediaKeys;
    case 'acts':
      if (path.length === 2) return actKeys;
      if (path.length === 3 && path[2] === 'safety') return safetyKeys;
      return table.type === 'text' ? textInputKeys : mediaInputKeys;
    default:
      return path.length === 2 && path[1] === 'safety' ? safetyKeys : narrativeKeys;
  }
}
