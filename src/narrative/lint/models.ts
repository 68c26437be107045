import { knownModels, type ModelFacts, tokensForThoughts } from '../../facts.js';
import { type Fault, type Report, warning } from '../../toml/fault.js';
import { type Path, quoted, type TomlValue, valueWords } from '../../toml/toml.js';
import { plainModelName } from '../model-name.js';
import type { WrittenTable } from '../parse/written-acts.js';
import { isNewerThanKnown } from './model-age.js';

/** What can be said of models by their names: retired ones, unknown ones, and settings that do not go with them. */
export function adviseOnModels(header: WrittenTable, acts: readonly WrittenTable[], report: Report): void {
  adviseOnNames(header, report);
  for (const act of acts) adviseOnNames(act, report);
  adviseOnThoughts(header, acts, report);
}

function adviseOnNames({ table, path }: WrittenTable, report: Report): void {
  const { model, fallback } = table;
  if (typeof model === 'string') adviseOnName(model, [...path, 'model'], report);
  if (Array.isArray(fallback)) {
    for (const [at, name] of fallback.entries()) adviseOnName(name, [...path, 'fallback', at], report);
  }
}

/** What may be suggested: who mends a name wants no warning of the next one. */
const lastingModels = [...knownModels].filter(([, { retires }]) => retires === undefined).map(([name]) => name);

function adviseOnName(value: TomlValue, path: Path, report: Report): void {
  const name = typeof value === 'string' ? plainModelName(value) : '';
  const facts = factsOf(name);
  if (facts?.retires !== undefined) {
    const words = `${valueWords(path)} is ${quoted(name)}; Google's date for its shutdown is ${facts.retires}`;
    report(warning('retired-model', path, words, { target: 'value' }));
    return;
  }
  // Tuned models have names of their own.
  if (facts || name.startsWith('tunedModels/') || isNewerThanKnown(name)) return;
  const message = `${valueWords(path)} is ${quoted(name)}, which is no model that this version knows`;
  report(warning('unknown-model', path, message, { target: 'value', misnamed: { name, known: lastingModels } }));
}

/** Caps that thoughts alone may use up. What the narrative says is said of once, though every act may follow it. */
function adviseOnThoughts(header: WrittenTable, acts: readonly WrittenTable[], report: Report): void {
  const ofAll = tightCap(header, header);
  if (ofAll) report(ofAll);
  for (const act of acts) {
    const { max_tokens: cap, model, thinking } = act.table;
    const isOther = model !== undefined || thinking !== undefined;
    const ofAct = cap !== undefined || (isOther && !ofAll) ? tightCap(act, header) : undefined;
    if (ofAct) report(ofAct);
  }
}

/** A cap that a model may use up with its thoughts, unless it is told to think little. Settings may be the narrative's. */
function tightCap({ table, path }: WrittenTable, header: WrittenTable): Fault | undefined {
  const cap = table.max_tokens ?? header.table.max_tokens;
  if (typeof cap !== 'number' || cap >= tokensForThoughts) return undefined;
  const model = table.model ?? header.table.model;
  const thinking = table.thinking ?? header.table.thinking;
  if (!factsOf(model)?.thinks) return undefined;
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= cap / 2)) return undefined;
  const holder = table.max_tokens === undefined ? header : { path };
  const words = `${valueWords([...holder.path, 'max_tokens'])} is ${cap}, which the thoughts of ${model} may use up`;
  const at = ['max_tokens', 'model', 'thinking'].find((key) => table[key] !== undefined) ?? 'max_tokens';
  return warning('tokens-for-thoughts', [...path, at], `${words}: raise it, or set "thinking"`, {
    target: 'value',
  });
}

function factsOf(model: TomlValue | undefined): ModelFacts | undefined {
  return typeof model === 'string' ? knownModels.get(plainModelName(model)) : undefined;
}
