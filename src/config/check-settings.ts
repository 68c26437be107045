import { errorAt, type Problem } from '../toml/problem.js';
import { getSchemaKeys } from '../toml/schema-walk.js';
import { describePath, formatTableHeader, isTable, type Path, quote, type TomlTable, valueAt } from '../toml/toml.js';
import { validateFile } from '../toml/validate-file.js';
import { checkValues } from './check-settings-values.js';
import { settingsSchema } from './settings-schema.js';

/** Everything that is wrong with a settings file taken alone. */
export function checkSettings(file: TomlTable): Problem[] {
  return [...validateFile(file, { schema: settingsSchema, createUnknownKeyProblem: unknownKey }), ...checkValues(file)];
}

function unknownKey(table: Path, key: string, file: TomlTable): Problem {
  const path = [...table, key];
  const options = { target: 'key', suggest: { name: key, candidates: getSchemaKeys(settingsSchema, table) } } as const;
  const hint = apiKeyHint(key) ?? unquotedModelHint(table, key) ?? '';
  const value = valueAt(file, path);
  if (table.length === 0 && (isTable(value) || Array.isArray(value))) {
    return errorAt('unknown-table', path, `unknown table ${formatTableHeader(path)}`, options);
  }
  const location = table.length === 0 ? ' above the first table' : '';
  return errorAt('unknown-key', path, `unknown key ${describePath(path)}${location}${hint}`, options);
}

/** Settings files are shared and committed, so that a key has no place in them. */
function apiKeyHint(key: string): string | undefined {
  return /(?:^|_)(?:api_?key|key|token)$/i.test(key)
    ? ': an API key is kept in GEMINI_API_KEY, not in a settings file'
    : undefined;
}

/** `models.gemini-3.8-flash` is what people write who mean `models."gemini-3.8-flash"`: to TOML, the dot divides it. */
function unquotedModelHint(table: Path, key: string): string | undefined {
  const [model] = table.slice(5);
  const isInModel = table.length === 6 && table[4] === 'models' && typeof model === 'string';
  return isInModel && /^\d/.test(key)
    ? `: a name with a dot needs quotes, models.${quote(`${model}.${key}`)}`
    : undefined;
}
