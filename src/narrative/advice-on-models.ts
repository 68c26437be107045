import { knownModels, type ModelFacts, tokensForThoughts } from '../facts.js';
import { type Fault, warning } from '../toml/fault.js';
import { type Path, quoted, type TomlTable, type TomlValue, valueWords } from '../toml/toml.js';
import { isNewerThanKnown } from './model-age.js';
import { plainModelName } from './model-name.js';
import { writtenActs, writtenHeader } from './written-acts.js';

/** What can be said of models by their names: retired ones, unknown ones, and settings that do not go with them. */
export function modelAdvice(file: TomlTable): Fault[] {
  const header = writtenHeader(file);
  const acts = writtenActs(file).filter(({ table }) => Object.keys(table).length > 0);
  const named = [header, ...acts].flatMap(({ table, path }) => namedModels(table, path));
  // What the narrative says is said of once, though every act may follow it.
  const capped = [header, ...acts].flatMap(({ table, path }) => thoughtAdvice(table, path, header.table));
  const schemas = acts.flatMap(({ table, path }) => schemaAdvice(table, path, header.table));
  return [...named.flatMap(({ name, path }) => nameAdvice(name, path)), ...capped, ...schemas];
}

function namedModels(table: TomlTable, path: Path): { name: string; path: Path }[] {
  const fallback = Array.isArray(table.fallback) ? table.fallback : [];
  const all: [TomlValue | undefined, Path][] = [
    [table.model, [...path, 'model']],
    ...fallback.map((name, at): [TomlValue, Path] => [name, [...path, 'fallback', at]]),
  ];
  return all.flatMap(([name, at]) => (typeof name === 'string' ? { name: plainModelName(name), path: at } : []));
}

function nameAdvice(name: string, path: Path): Fault[] {
  const facts = factsOf(name);
  if (facts?.retires !== undefined) {
    const words = `${valueWords(path)} is ${quoted(name)}; Google's date for its shutdown is ${facts.retires}`;
    return [atValue(warning('retired-model', path, words))];
  }
  // Tuned models have names of their own.
  if (facts || name.startsWith('tunedModels/') || isNewerThanKnown(name)) return [];
  const message = `${valueWords(path)} is ${quoted(name)}, which is no model that this version knows`;
  return [atValue({ ...warning('unknown-model', path, message), misnamed: { name, known: knownModels.keys() } })];
}

/** A cap that the thoughts alone may use up, unless the model is told to think little. */
function thoughtAdvice(table: TomlTable, path: Path, defaults: TomlTable): Fault[] {
  const { max_tokens: cap } = table;
  const { model, thinking } = { ...defaults, ...table };
  if (typeof cap !== 'number' || cap >= tokensForThoughts || !factsOf(model)?.thinks) return [];
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= cap / 2)) return [];
  const at = [...path, 'max_tokens'];
  const message = `${valueWords(at)} is ${cap}, which the thoughts of ${model} may use up: raise it, or set "thinking"`;
  return [atValue(warning('tokens-for-thoughts', at, message))];
}

/** The Live API has no place for a schema: the reply is checked all the same, but the model does not know. */
function schemaAdvice(table: TomlTable, path: Path, defaults: TomlTable): Fault[] {
  const { model } = { ...defaults, ...table };
  if (factsOf(model)?.speaks !== 'live' || table.format !== 'json') return [];
  const at = [...path, table.schema === undefined ? 'format' : 'schema'];
  const what = table.schema === undefined ? 'told to write JSON' : 'given a schema';
  return [warning('live-schema', at, `${model} is a Live model, which can't be ${what}: say it in the prompt too`)];
}

function factsOf(model: TomlValue | undefined): ModelFacts | undefined {
  return typeof model === 'string' ? knownModels.get(plainModelName(model)) : undefined;
}

function atValue(fault: Fault): Fault {
  return { ...fault, target: 'value' };
}
