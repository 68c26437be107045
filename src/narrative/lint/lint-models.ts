import { isRetiring, type ModelFacts } from '../../facts/model-facts.js';
import { builtInModels, minSafeMaxTokens } from '../../facts/models.js';
import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type Path, quote, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { RawTable } from './raw-acts.js';

/** Warns about retiring, retired and unknown models, and about token limits that a model's thinking may use up. */
export function lintModels(narrativeTable: RawTable, acts: readonly RawTable[], options: LintModelsOptions): void {
  for (const table of [narrativeTable, ...acts]) lintModelNames(table, options);
  lintThinkingLimits(narrativeTable, acts, options.report);
}

interface LintModelsOptions {
  report: ReportProblem;
  /** Milliseconds since the epoch. */
  now: number;
  /** Whether the model of the narrative is that of `--model`, which is not in the file. */
  isModelOverridden: boolean;
}

function lintModelNames({ table, keyPath }: RawTable, options: LintModelsOptions): void {
  const { model, fallback } = table;
  if (typeof model === 'string') lintModelName(model, [...keyPath, 'model'], options);
  if (Array.isArray(fallback)) {
    for (const [index, name] of fallback.entries()) lintModelName(name, [...keyPath, 'fallback', index], options);
  }
}

function lintModelName(value: TomlValue, keyPath: Path, options: LintModelsOptions): void {
  const { report, now } = options;
  const name = typeof value === 'string' ? stripModelPrefix(value) : '';
  const facts = getModelFacts(name);
  const needsWarning = facts ? isRetiring(facts, now) : !mayExist(name);
  if (!needsWarning) return;
  const isOverride = options.isModelOverridden && keyPath.at(-1) === 'model';
  const subject = `${isOverride ? '--model' : describePath(keyPath)} is ${quote(name)}`;
  const reportedPath = isOverride ? keyPath.slice(0, -1) : keyPath;
  const target = isOverride ? 'key' : 'value';
  if (facts) {
    report(warningAt('retired-model', reportedPath, `${subject}, which ${describeRetirement(facts, now)}`, { target }));
    return;
  }
  // A suggestion must not cause another warning.
  const candidates = [...builtInModels].filter(([, known]) => !isRetiring(known, now)).map(([knownName]) => knownName);
  const message = `${subject}, which is not a model known to this version`;
  report(warningAt('unknown-model', reportedPath, message, { target, suggestionQuery: { name, candidates } }));
}

/**
 * Whether a model may exist although it is not among the known models. This is so for Gemma models, for tuned models,
 * whose names users choose, and for versions of Gemini that are newer than the known ones.
 */
function mayExist(name: string): boolean {
  return /^(tunedModels\/|gemma-)/.test(name) || isNewerVersion(name);
}

/** Says when a retiring model is shut down and, if requests for it are served after that, by which model. */
function describeRetirement({ retiresOn = '', routedTo }: ModelFacts, now: number): string {
  const isPast = Date.parse(retiresOn) <= now;
  const shutdown = `Google ${isPast ? 'shut' : 'shuts'} down on ${retiresOn}`;
  if (routedTo === undefined) return shutdown;
  return `${shutdown}; ${routedTo} ${isPast ? 'now' : 'then'} serves requests for it, at the price of ${routedTo}`;
}

/** Whether a name has a higher version than all known models of its major version, or a higher major version. */
function isNewerVersion(name: string): boolean {
  const version = parseVersion(name);
  if (!version) return false;
  const newestMinor = newestMinors.get(version.major);
  return newestMinor === undefined ? version.major > Math.max(...newestMinors.keys()) : version.minor > newestMinor;
}

/** Parses `gemini-3.8-flash`, and `gemini-4-argon` as 4.0. */
function parseVersion(name: string): { major: number; minor: number } | undefined {
  const [, major, minor = '0'] = /^gemini-(\d+)(?:\.(\d+))?-/.exec(name) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

/** The newest known minor version of each major version. */
const newestMinors = new Map<number, number>();
for (const name of builtInModels.keys()) {
  const { major, minor } = parseVersion(name) ?? {};
  if (major !== undefined) newestMinors.set(major, Math.max(minor ?? 0, newestMinors.get(major) ?? 0));
}

/**
 * Warns about token limits that thinking alone may use up. If the narrative's own model may use up the narrative's
 * limit, that is reported once, for the narrative. Otherwise this limit is reported at each act whose own `model` or
 * `thinking` may use it up. An act's own limit is always reported at the act.
 */
function lintThinkingLimits(narrativeTable: RawTable, acts: readonly RawTable[], report: ReportProblem): void {
  const narrativeProblem = checkThinkingLimit(narrativeTable, narrativeTable);
  if (narrativeProblem) report(narrativeProblem);
  for (const act of acts) {
    const { max_tokens: maxTokens, model, thinking } = act.table;
    const overridesModelOrThinking = model !== undefined || thinking !== undefined;
    if (maxTokens === undefined && (!overridesModelOrThinking || narrativeProblem)) continue;
    const problem = checkThinkingLimit(act, narrativeTable);
    if (problem) report(problem);
  }
}

/**
 * Checks the token limit of a table. The narrative's settings are the defaults. There is no warning for a
 * limit of at least `minSafeMaxTokens`, for minimal thinking, or for a number of thinking tokens of at most half the
 * limit.
 */
function checkThinkingLimit({ table, keyPath }: RawTable, narrativeTable: RawTable): Problem | undefined {
  const maxTokens = table.max_tokens ?? narrativeTable.table.max_tokens;
  if (typeof maxTokens !== 'number' || maxTokens >= minSafeMaxTokens) return undefined;
  const model = table.model ?? narrativeTable.table.model;
  const thinking = table.thinking ?? narrativeTable.table.thinking;
  if (!getModelFacts(model)?.thinksByDefault) return undefined;
  if (thinking === 'minimal' || (typeof thinking === 'number' && thinking <= maxTokens / 2)) return undefined;
  const limitPath = [...(table.max_tokens === undefined ? narrativeTable.keyPath : keyPath), 'max_tokens'];
  const message = `${describePath(limitPath)} is ${maxTokens}, which the thinking of ${model} may use up`;
  const reportedKey = ['max_tokens', 'model', 'thinking'].find((key) => table[key] !== undefined) ?? 'max_tokens';
  const hint = 'raise it or set "thinking"';
  return warningAt('tokens-for-thoughts', [...keyPath, reportedKey], `${message}; ${hint}`, { target: 'value' });
}

function getModelFacts(model: TomlValue | undefined): ModelFacts | undefined {
  return typeof model === 'string' ? builtInModels.get(stripModelPrefix(model)) : undefined;
}
