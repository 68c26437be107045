import { isModelName } from '../narrative/model-name.js';
import { type Fault, fault } from '../toml/fault.js';
import { isTable, type Path, quoted, type TomlTable, valueAt, valueWords } from '../toml/toml.js';
import { isBareAddress, isRedisAddress } from './address.js';
import { keepMsOf } from './duration.js';

/** A rule for a text. */
interface TextRule {
  rule: string;
  /** What is wrong with a text, to stand after its name; undefined where nothing is. */
  problemOf(text: string): string | undefined;
}

const modelRule: TextRule = {
  rule: 'model-name',
  problemOf: (name) => (isModelName(name) ? undefined : `is ${quoted(name)}, which can't be the name of a model`),
};

/** Addresses are not repeated: what is wrong with one may be a password in it. */
const addressRule: TextRule = {
  rule: 'address',
  problemOf: (url) =>
    isBareAddress(url) ? undefined : 'must be http(s)://host[:port][/path], without user, query or fragment',
};

const redisRule: TextRule = {
  rule: 'address',
  problemOf: (url) => (isRedisAddress(url) ? undefined : 'must be a redis:// or rediss:// address'),
};

const namedRule: TextRule = {
  rule: 'empty-value',
  problemOf: (text) => (text.trim() === '' ? 'is empty' : undefined),
};

const keepRule: TextRule = {
  rule: 'duration',
  problemOf: (text) =>
    keepMsOf(text) === undefined ? `is ${quoted(text)}: it must be a duration like "30d", or "off"` : undefined,
};

const gemini = ['providers', 'gemini'];
const rules: readonly (readonly [Path, TextRule])[] = [
  [[...gemini, 'default_model'], modelRule],
  [[...gemini, 'base_url'], addressRule],
  [['quota', 'project'], namedRule],
  [['quota', 'redis_url'], redisRule],
  [['store', 'keep'], keepRule],
];

/** What is wrong with texts that are of the right type. What is of a wrong one, the schema has reported. */
export function valueFaults(file: TomlTable): Fault[] {
  const fallback = valueAt(file, [...gemini, 'fallback']);
  const positions = Array.isArray(fallback) ? [...fallback.keys()] : [];
  const elements = positions.map((position) => [[...gemini, 'fallback', position], modelRule] as const);
  const faults = [...rules, ...elements].flatMap(([path, rule]) => textFaults(file, path, rule));
  return [...faults, ...modelKeyFaults(file)];
}

function textFaults(file: TomlTable, path: Path, { rule, problemOf }: TextRule): Fault[] {
  const text = valueAt(file, path);
  const problem = typeof text === 'string' ? problemOf(text) : undefined;
  return problem === undefined ? [] : [fault(rule, path, `${valueWords(path)} ${problem}`)];
}

/** The names of models that have limits or prices of their own are keys. */
function modelKeyFaults(file: TomlTable): Fault[] {
  const keysOf = (path: Path) => {
    const table = valueAt(file, path);
    return isTable(table) ? Object.keys(table) : [];
  };
  const tiers = keysOf([...gemini, 'tiers']).map((tier) => [...gemini, 'tiers', tier, 'models']);
  return [...tiers, [...gemini, 'prices']].flatMap((models) =>
    keysOf(models).flatMap((model) => {
      const problem = modelRule.problemOf(model);
      const path = [...models, model];
      return problem === undefined ? [] : [fault(modelRule.rule, path, `a model ${problem}`, { target: 'key' })];
    }),
  );
}
