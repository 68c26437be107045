import { errorAt, type Problem } from '../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable, valueAt } from '../toml/toml.js';
import { isValidModelName } from '../util/model-name.js';
import { parseRetentionMs } from './duration.js';
import { isBaseUrl, isRedisUrl } from './service-urls.js';

/** A rule for a text. */
interface TextRule {
  rule: string;
  /** What is wrong with a text, to stand after its name; undefined where nothing is. */
  findProblem(text: string): string | undefined;
}

const modelRule: TextRule = {
  rule: 'model-name',
  findProblem: (name) => (isValidModelName(name) ? undefined : `is ${quote(name)}, which can't be the name of a model`),
};

/** Addresses are not repeated: what is wrong with one may be a password in it. */
const baseUrlRule: TextRule = {
  rule: 'address',
  findProblem: (url) =>
    isBaseUrl(url) ? undefined : 'must be http(s)://host[:port][/path], without user, query or fragment',
};

const redisUrlRule: TextRule = {
  rule: 'address',
  findProblem: (url) => (isRedisUrl(url) ? undefined : 'must be a redis:// or rediss:// address'),
};

const nonEmptyRule: TextRule = {
  rule: 'empty-value',
  findProblem: (text) => (text.trim() === '' ? 'is empty' : undefined),
};

const retentionRule: TextRule = {
  rule: 'duration',
  findProblem: (text) =>
    parseRetentionMs(text) === undefined ? `is ${quote(text)}: it must be a duration like "30d", or "off"` : undefined,
};

const geminiPath = ['providers', 'gemini'];
const rules: readonly (readonly [Path, TextRule])[] = [
  [[...geminiPath, 'default_model'], modelRule],
  [[...geminiPath, 'base_url'], baseUrlRule],
  [['quota', 'project'], nonEmptyRule],
  [['quota', 'redis_url'], redisUrlRule],
  [['store', 'keep'], retentionRule],
];

/** What is wrong with texts that are of the right type. What is of a wrong one, the schema has reported. */
export function checkValues(file: TomlTable): Problem[] {
  const fallback = valueAt(file, [...geminiPath, 'fallback']);
  const indexes = Array.isArray(fallback) ? [...fallback.keys()] : [];
  const fallbackRules = indexes.map((index) => [[...geminiPath, 'fallback', index], modelRule] as const);
  const problems = [...rules, ...fallbackRules].flatMap(([path, rule]) => checkText(file, path, rule));
  return [...problems, ...checkModelKeys(file)];
}

function checkText(file: TomlTable, path: Path, { rule, findProblem }: TextRule): Problem[] {
  const text = valueAt(file, path);
  const problem = typeof text === 'string' ? findProblem(text) : undefined;
  return problem === undefined ? [] : [errorAt(rule, path, `${describePath(path)} ${problem}`)];
}

/** The names of models that have limits or prices of their own are keys. */
function checkModelKeys(file: TomlTable): Problem[] {
  const getKeys = (path: Path) => {
    const table = valueAt(file, path);
    return isTable(table) ? Object.keys(table) : [];
  };
  const tiers = getKeys([...geminiPath, 'tiers']).map((tier) => [...geminiPath, 'tiers', tier, 'models']);
  return [...tiers, [...geminiPath, 'prices']].flatMap((models) =>
    getKeys(models).flatMap((model) => {
      const problem = modelRule.findProblem(model);
      const path = [...models, model];
      return problem === undefined ? [] : [errorAt(modelRule.rule, path, `a model ${problem}`, { target: 'key' })];
    }),
  );
}
