import { knownModels, type ModelFacts, tokensForThoughts } from '../facts.js';
import { type Fault, warning } from '../toml/fault.js';
import { type Path, quoted, type TomlTable, type TomlValue, valueWords } from '../toml/toml.js';
import { isNewerThanKnown } from './model-age.js';
import { plainModelName } from './model-name.js';
import type { WrittenTable } from './written-acts.js';

/** What can be said of models by their names: retired ones, unknown ones, and settings that do not go with them. */
export function modelAdvice(header: WrittenTable, acts: readonly WrittenTable[]): Fault[] {
  const found: Fault[] = [];
  for (const { table, path } of [header, ...acts]) {
    const model = table.model ?? header.table.model;
    if (typeof table.model === 'string') found.push(...nameAdvice(table.model, [...path, 'model']));
    if (Array.isArray(table.fallback)) {
      for (const [at, name] of table.fallback.entries()) found.push(...nameAdvice(name, [...path, 'fallback', at]));
    }
    if (table.format === 'json') found.push(...schemaAdvice(table, model, path));
  }
  return [...found, ...thoughtAdvice(header, acts)];
}

/** What may be suggested: who mends a name wants no warning of the next one. */
const lastingModels = [...knownModels].filter(([, { retires }]) => retires === undefined).map(([name]) => name);

function nameAdvice(value: TomlValue, path: Path): Fault[] {
  const name = typeof value === 'string' ? plainModelName(value) : '';
  const facts = factsOf(name);
  if (facts?.retires !== undefined) {
    const words = `${valueWords(path)} is ${quoted(name)}; Google's date for its shutdown is ${facts.retires}`;
    return [atValue(warning('retired-model', path, words))];
  }
  // Tuned models have names of their own.
  if (facts || name.startsWith('tunedModels/') || isNewerThanKnown(name)) return [];
  const message = `${valueWords(path)} is ${quoted(name)}, which is no model that this version knows`;
  return [atValue({ ...warning('unknown-model', path, message), misnamed: { name, known: lastingModels } })];
}

/** Caps that thoughts alone may use up. What the narrative says is said of once, though every act may follow it. */
function thoughtAdvice(header: WrittenTable, acts: readonly WrittenTable[]): Fault[] {
  const ofAll = tightCap(header, header);
  const ofActs = acts.filter(({ table }) => {
    const isOther = table.model !== undefined || table.thinking !== undefined;
    return table.max_tokens !== undefined || (isOther && !ofAll);
  });
  return [...(ofAll ? [ofAll] : []), ...ofActs.flatMap((act) => tightCap(act, header) ?? [])];
}

/** A cap that a model may use up with its thoughts, unless it is told to think little. Settings may be the narrative's. */
function tightCap({ table, path }: WrittenTable, header: WrittenTable): Fault | undefined {
  const { max_tokens: cap, model, thinking } = { ...header.table, ...table };
  if (typeof cap !== 'number' || cap >= tokensForThoughts || !factsOf(model)?.thinks) return undefined;
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= cap / 2)) return undefined;
  const holder = table.max_tokens === undefined ? header : { path };
  const words = `${valueWords([...holder.path, 'max_tokens'])} is ${cap}, which the thoughts of ${model} may use up`;
  const at = ['max_tokens', 'model', 'thinking'].find((key) => table[key] !== undefined) ?? 'max_tokens';
  return atValue(warning('tokens-for-thoughts', [...path, at], `${words}: raise it, or set "thinking"`));
}

/** The Live API has no place for a schema: the reply is checked all the same, but the model does not know. */
function schemaAdvice(table: TomlTable, model: TomlValue | undefined, path: Path): Fault[] {
  if (factsOf(model)?.speaks !== 'live') return [];
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
