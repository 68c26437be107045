import { builtInModels, type ModelFacts, thinkingReserveTokens } from '../../facts/models.js';
import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type Path, quote, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { RawTable } from '../parse/raw-acts.js';
import { isNewerThanKnownModels } from './model-age.js';

/** What can be said of models by their names: retired ones, unknown ones, and settings that do not go with them. */
export function lintModels(header: RawTable, acts: readonly RawTable[], report: ReportProblem): void {
  lintModelNames(header, report);
  for (const act of acts) lintModelNames(act, report);
  lintThinkingLimits(header, acts, report);
}

function lintModelNames({ table, path }: RawTable, report: ReportProblem): void {
  const { model, fallback } = table;
  if (typeof model === 'string') lintModelName(model, [...path, 'model'], report);
  if (Array.isArray(fallback)) {
    for (const [index, name] of fallback.entries()) lintModelName(name, [...path, 'fallback', index], report);
  }
}

/** What may be suggested: who mends a name wants no warning of the next one. */
const suggestedModels = [...builtInModels]
  .filter(([, { retiresOn: retires }]) => retires === undefined)
  .map(([name]) => name);

function lintModelName(value: TomlValue, path: Path, report: ReportProblem): void {
  const name = typeof value === 'string' ? stripModelPrefix(value) : '';
  const facts = getModelFacts(name);
  if (facts?.retiresOn !== undefined) {
    const retiredMessage = `${describePath(path)} is ${quote(name)}; Google's date for its shutdown is ${facts.retiresOn}`;
    report(warningAt('retired-model', path, retiredMessage, { target: 'value' }));
    return;
  }
  // Tuned models have names of their own.
  if (facts || name.startsWith('tunedModels/') || isNewerThanKnownModels(name)) return;
  const message = `${describePath(path)} is ${quote(name)}, which is no model that this version knows`;
  report(
    warningAt('unknown-model', path, message, { target: 'value', suggest: { name, candidates: suggestedModels } }),
  );
}

/** Caps that thoughts alone may use up. What the narrative says is said of once, though every act may follow it. */
function lintThinkingLimits(header: RawTable, acts: readonly RawTable[], report: ReportProblem): void {
  const headerProblem = checkThinkingLimit(header, header);
  if (headerProblem) report(headerProblem);
  for (const act of acts) {
    const { max_tokens: maxTokens, model, thinking } = act.table;
    const changesModel = model !== undefined || thinking !== undefined;
    const actProblem =
      maxTokens !== undefined || (changesModel && !headerProblem) ? checkThinkingLimit(act, header) : undefined;
    if (actProblem) report(actProblem);
  }
}

/** A cap that a model may use up with its thoughts, unless it is told to think little. Settings may be the narrative's. */
function checkThinkingLimit({ table, path }: RawTable, header: RawTable): Problem | undefined {
  const maxTokens = table.max_tokens ?? header.table.max_tokens;
  if (typeof maxTokens !== 'number' || maxTokens >= thinkingReserveTokens) return undefined;
  const model = table.model ?? header.table.model;
  const thinking = table.thinking ?? header.table.thinking;
  if (!getModelFacts(model)?.thinksByDefault) return undefined;
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= maxTokens / 2)) return undefined;
  const limitTable = table.max_tokens === undefined ? header : { path };
  const message = `${describePath([...limitTable.path, 'max_tokens'])} is ${maxTokens}, which the thoughts of ${model} may use up`;
  const reportedKey = ['max_tokens', 'model', 'thinking'].find((key) => table[key] !== undefined) ?? 'max_tokens';
  return warningAt('tokens-for-thoughts', [...path, reportedKey], `${message}: raise it, or set "thinking"`, {
    target: 'value',
  });
}

function getModelFacts(model: TomlValue | undefined): ModelFacts | undefined {
  return typeof model === 'string' ? builtInModels.get(stripModelPrefix(model)) : undefined;
}
