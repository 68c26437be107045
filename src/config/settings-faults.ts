import { type Fault, fault } from '../toml/fault.js';
import { keysAt } from '../toml/schema-walk.js';
import { shapeFaults } from '../toml/shape-faults.js';
import { isTable, type Path, quoted, type TomlTable, tableWords, valueAt, valueWords } from '../toml/toml.js';
import { settingsSchema } from './settings-schema.js';
import { valueFaults } from './settings-values.js';

/** Everything that is wrong with a settings file taken alone. */
export function settingsFaults(file: TomlTable): Fault[] {
  return [...shapeFaults(file, { schema: settingsSchema, unknownKey }), ...valueFaults(file)];
}

function unknownKey(table: Path, key: string, file: TomlTable): Fault {
  const path = [...table, key];
  const options = { target: 'key', misnamed: { name: key, known: keysAt(settingsSchema, table) } } as const;
  const advice = keyAdvice(key) ?? modelAdvice(table, key) ?? '';
  const value = valueAt(file, path);
  if (table.length === 0 && (isTable(value) || Array.isArray(value))) {
    return fault('unknown-table', path, `unknown table ${tableWords(path)}`, options);
  }
  const where = table.length === 0 ? ' above the first table' : '';
  return fault('unknown-key', path, `unknown key ${valueWords(path)}${where}${advice}`, options);
}

/** Settings files are shared and committed, so that a key has no place in them. */
function keyAdvice(key: string): string | undefined {
  return /(?:^|_)(?:api_?key|key|token)$/i.test(key)
    ? ': an API key is kept in GEMINI_API_KEY, not in a settings file'
    : undefined;
}

/** `models.gemini-3.8-flash` is what people write who mean `models."gemini-3.8-flash"`: to TOML, the dot divides it. */
function modelAdvice(table: Path, key: string): string | undefined {
  const [model] = table.slice(5);
  const isInModel = table.length === 6 && table[4] === 'models' && typeof model === 'string';
  return isInModel && /^\d/.test(key)
    ? `: a name with a dot needs quotes, models.${quoted(`${model}.${key}`)}`
    : undefined;
}
