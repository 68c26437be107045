import { harmCategories } from '../../facts.js';
import { type Fault, fault, warning } from '../../toml/fault.js';
import { isTable, type Path, type TomlTable, tableWords, valueAt, valueWords } from '../../toml/toml.js';
import {
  actTable,
  mediaInput,
  mediaTable,
  narrativeFile,
  narrativeTable,
  textInput,
  tocTable,
} from '../schema/file-schema.js';

/** The fault of a key that the table at a path does not have; a warning where it is of no consequence. */
export function unknownKey(table: Path, key: string, file: TomlTable): Fault {
  const path = [...table, key];
  const holder = valueAt(file, table);
  const { read, ignored } = knownKeys(table, isTable(holder) ? holder : {});
  const isTopLevel = table.length === 0;
  const words = isTopLevel ? tableWords(path) : valueWords(path);
  if (ignored.includes(key)) return warning('ignored-key', path, `${words} means nothing here and is ignored`);
  if (isTopLevel && (key === 'bots' || key === 'tables')) {
    return fault('not-supported', path, `${words} is of the Rust original: boticelli has no ${key}`, { target: 'key' });
  }
  const options = { target: 'key', misnamed: { name: key, known: read } } as const;
  const value = valueAt(file, path);
  if (isTopLevel && (isTable(value) || Array.isArray(value))) {
    return fault('unknown-table', path, `unknown table ${words}`, options);
  }
  const where = isTopLevel ? ' above the first table' : '';
  return fault('unknown-key', path, `unknown key ${valueWords(path)}${where}`, options);
}

/** What a kind of table may hold. */
interface KnownKeys {
  read: readonly string[];
  /** What the Rust original reads and means nothing here. */
  ignored: readonly string[];
}

const file = kind(narrativeFile);
const narrative = kind(narrativeTable, ['template', 'target', 'skip_content_generation', 'preserve_source']);
const toc = kind(tocTable);
const act = kind(actTable);
const safety: KnownKeys = { read: Object.keys(harmCategories), ignored: [] };
const media = kind(mediaTable, ['filename']);
const textPart = kind(textInput, ['filename']);
const mediaPart = kind(mediaInput, ['filename']);

function kind(schema: { shape: Record<string, unknown> }, ignored: readonly string[] = []): KnownKeys {
  return { read: Object.keys(schema.shape), ignored };
}

function knownKeys(path: Path, table: TomlTable): KnownKeys {
  switch (path[0]) {
    case undefined:
      return file;
    case 'toc':
      return toc;
    case 'media':
      return media;
    case 'acts':
      if (path.length === 2) return act;
      if (path.length === 3 && path[2] === 'safety') return safety;
      return table.type === 'text' ? textPart : mediaPart;
    default:
      return path.length === 2 && path[1] === 'safety' ? safety : narrative;
  }
}
