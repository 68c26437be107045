import { errorAt, type Problem } from '../toml/problem.js';
import { describePath, formatTableHeader, isTable, type Path, quote, type TomlTable, valueAt } from '../toml/toml.js';
import { getSchemaKeys, validateFile } from '../toml/validate-file.js';
import { isBaseUrl } from '../util/base-url.js';
import { parseRetentionMs } from '../util/duration.js';
import { isValidModelName } from '../util/model-name.js';
import { settingsSchema } from './settings-schema.js';
import { isValidTrustEntry } from './trust/folder-trust.js';
import { isRedisUrl } from './trust/service-urls.js';

/**
 * Finds the problems of one settings file that can be found without the other sources of settings.
 * @param isFromWorkingFolder whether the file was found in the working folder
 */
export function checkSettings(file: TomlTable, isFromWorkingFolder = false): Problem[] {
  return [
    ...(isFromWorkingFolder && file.trust !== undefined ? [createSelfTrustProblem()] : []),
    ...validateFile(file, {
      schema: settingsSchema,
      createUnknownKeyProblems: (tablePath, key) => [createUnknownKeyProblem(tablePath, key, file)],
    }),
    ...checkStrings(file),
    ...checkModelKeys(file),
  ];
}

function createSelfTrustProblem(): Problem {
  const message = '"trust" is allowed only in your own settings file, because a folder must not trust itself';
  return errorAt('own-trust', ['trust'], message, { target: 'key' });
}

function createUnknownKeyProblem(tablePath: Path, key: string, file: TomlTable): Problem {
  const keyPath = [...tablePath, key];
  const options = {
    target: 'key',
    suggestionQuery: { name: key, candidates: getSchemaKeys(settingsSchema, tablePath) },
  } as const;
  const value = valueAt(file, keyPath);
  if (tablePath.length === 0 && (isTable(value) || Array.isArray(value))) {
    return errorAt('unknown-table', keyPath, `unknown table ${formatTableHeader(keyPath)}`, options);
  }
  const location = tablePath.length === 0 ? ' above the first table' : '';
  const hint = apiKeyHint(key) ?? unquotedModelHint(tablePath, key) ?? '';
  return errorAt('unknown-key', keyPath, `unknown key ${describePath(keyPath)}${location}${hint}`, options);
}

/**
 * Returns a hint if a setting's name, such as `api_key`, suggests that its value is an API key. API keys must not be in
 * a file that is shared or committed.
 */
function apiKeyHint(key: string): string | undefined {
  return /(?:^|_)(?:api_?key|key|token)$/i.test(key)
    ? '; set the API key in GEMINI_API_KEY, not in a settings file'
    : undefined;
}

/**
 * Returns a hint for a model name that needs quotes. In the table `[providers.gemini.tiers.<tier>]`, TOML reads
 * `models.gemini-3.8-flash` as the key `8-flash` in `providers.gemini.tiers.<tier>.models.gemini-3`. The user means
 * `models."gemini-3.8-flash"`.
 */
function unquotedModelHint(tablePath: Path, key: string): string | undefined {
  const [model] = tablePath.slice(5);
  const isInModel = tablePath.length === 6 && tablePath[4] === 'models' && typeof model === 'string';
  return isInModel && /^\d/.test(key)
    ? `; a name with a dot needs quotes: models.${quote(`${model}.${key}`)}`
    : undefined;
}

interface StringRule {
  rule: string;
  isValid(text: string): boolean;
  /** The end of a message that begins with the setting's name. */
  requirement: string;
  /** Whether the message may show the value. A URL is not shown, because it may contain a password. */
  isValueShown?: boolean;
}

const modelRule: StringRule = {
  ...{ rule: 'model-name', isValid: isValidModelName, isValueShown: true },
  requirement: 'must be a model name',
};
const baseUrlRule: StringRule = {
  ...{ rule: 'address', isValid: isBaseUrl },
  requirement: 'must be http(s)://host[:port][/path], without user, query or fragment',
};
const redisRule: StringRule = {
  ...{ rule: 'address', isValid: isRedisUrl, requirement: 'must be a redis:// or rediss:// URL' },
};
const projectRule: StringRule = {
  ...{ rule: 'empty-value', isValid: (text) => text.trim() !== '', requirement: 'must not be empty' },
};
const keepRule: StringRule = {
  ...{ rule: 'duration', isValid: (text) => parseRetentionMs(text) !== undefined, isValueShown: true },
  requirement: 'must be a duration such as "30d", or "off"',
};

const trustRule: StringRule = {
  ...{ rule: 'folder', isValid: isValidTrustEntry, isValueShown: true },
  requirement: 'must be an absolute path, or begin with ~/',
};

const geminiPath = ['providers', 'gemini'];
const rules: readonly (readonly [Path, StringRule])[] = [
  [[...geminiPath, 'default_model'], modelRule],
  [[...geminiPath, 'base_url'], baseUrlRule],
  [['quota', 'project'], projectRule],
  [['quota', 'redis_url'], redisRule],
  [['store', 'keep'], keepRule],
];

/** Checks the content of strings. Values of other types are reported by the schema. */
function checkStrings(file: TomlTable): Problem[] {
  const getElementRules = (keyPath: Path, rule: StringRule) => {
    const list = valueAt(file, keyPath);
    const indexes = Array.isArray(list) ? [...list.keys()] : [];
    return indexes.map((index) => [[...keyPath, index], rule] as const);
  };
  const elementRules = [
    ...getElementRules([...geminiPath, 'fallback'], modelRule),
    ...getElementRules(['trust'], trustRule),
  ];
  return [...rules, ...elementRules].flatMap(([keyPath, { rule, isValid, requirement, isValueShown }]) => {
    const text = valueAt(file, keyPath);
    if (typeof text !== 'string' || isValid(text)) return [];
    return errorAt(
      rule,
      keyPath,
      `${describePath(keyPath)} ${requirement}${isValueShown ? `, not ${quote(text)}` : ''}`,
    );
  });
}

/** Checks the tables with the limits and prices of single models, whose keys must be model names. */
function checkModelKeys(file: TomlTable): Problem[] {
  const getKeys = (keyPath: Path) => {
    const table = valueAt(file, keyPath);
    return isTable(table) ? Object.keys(table) : [];
  };
  const limitTables = getKeys([...geminiPath, 'tiers']).map((tier) => [...geminiPath, 'tiers', tier, 'models']);
  const priceTable = [...geminiPath, 'prices'];
  return [...limitTables, priceTable].flatMap((tablePath) =>
    getKeys(tablePath)
      .filter((model) => !isValidModelName(model))
      .map((model) =>
        errorAt('model-name', [...tablePath, model], `${quote(model)} is not a valid model name`, { target: 'key' }),
      ),
  );
}
