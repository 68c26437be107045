import { builtInModels, type ModelFacts, thinkingReserveTokens } from '../../facts/models.js';
import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type Path, quote, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { RawTable } from './raw-acts.js';

/** Warns about retired and unknown models, and about settings that do not fit the model. */
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

/**
 * The models without a shutdown date. Others are not suggested, because a suggestion must not cause another warning.
 */
const suggestedModels = [...builtInModels].filter(([, { retiresOn }]) => retiresOn === undefined).map(([name]) => name);

function lintModelName(value: TomlValue, path: Path, report: ReportProblem): void {
  const name = typeof value === 'string' ? stripModelPrefix(value) : '';
  const facts = getModelFacts(name);
  if (facts?.retiresOn !== undefined) {
    const message = `${describePath(path)} is ${quote(name)}, which Google shuts down on ${facts.retiresOn}`;
    report(warningAt('retired-model', path, message, { target: 'value' }));
    return;
  }
  // There is no warning for tuned models (they have user-defined names), for Gemma, or for later versions of Gemini.
  if (facts || /^(tunedModels\/|gemma-)/.test(name) || parseVersion(name) > newestVersion) return;
  const message = `${describePath(path)} is ${quote(name)}, which is not a model known to this version`;
  const suggest = { name, candidates: suggestedModels };
  report(warningAt('unknown-model', path, message, { target: 'value', suggest }));
}

/** Parses `gemini-3.8-flash` as 3.008, so that 3.10 is newer than 3.9. Other names have the version 0. */
function parseVersion(name: string): number {
  const [, major = '0', minor = '0'] = /^gemini-(\d+)(?:\.(\d+))?-/.exec(name) ?? [];
  return Number(major) + Number(minor) / 1000;
}

const newestVersion = Math.max(...[...builtInModels.keys()].map(parseVersion));

/**
 * Warns about token limits that thinking alone may use up. A limit of the whole narrative is reported once, not per
 * act.
 */
function lintThinkingLimits(header: RawTable, acts: readonly RawTable[], report: ReportProblem): void {
  const headerProblem = checkThinkingLimit(header, header);
  if (headerProblem) report(headerProblem);
  for (const act of acts) {
    const { max_tokens: maxTokens, model, thinking } = act.table;
    const overridesModelOrThinking = model !== undefined || thinking !== undefined;
    if (maxTokens === undefined && (!overridesModelOrThinking || headerProblem)) continue;
    const problem = checkThinkingLimit(act, header);
    if (problem) report(problem);
  }
}

/** Checks the token limit of a table. The narrative's settings are the defaults. Minimal thinking causes no warning. */
function checkThinkingLimit({ table, path }: RawTable, header: RawTable): Problem | undefined {
  const maxTokens = table.max_tokens ?? header.table.max_tokens;
  if (typeof maxTokens !== 'number' || maxTokens >= thinkingReserveTokens) return undefined;
  const model = table.model ?? header.table.model;
  const thinking = table.thinking ?? header.table.thinking;
  if (!getModelFacts(model)?.thinksByDefault) return undefined;
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= maxTokens / 2)) return undefined;
  const limitPath = [...(table.max_tokens === undefined ? header.path : path), 'max_tokens'];
  const message = `${describePath(limitPath)} is ${maxTokens}, which the thinking of ${model} may use up`;
  const reportedKey = ['max_tokens', 'model', 'thinking'].find((key) => table[key] !== undefined) ?? 'max_tokens';
  const hint = 'raise it or set "thinking"';
  return warningAt('tokens-for-thoughts', [...path, reportedKey], `${message}; ${hint}`, { target: 'value' });
}

function getModelFacts(model: TomlValue | undefined): ModelFacts | undefined {
  return typeof model === 'string' ? builtInModels.get(stripModelPrefix(model)) : undefined;
}
