import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { isTable, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { type Act, makesRequest } from '../narrative.js';
import type { LintContext } from '../parse/parsed-narrative-file.js';
import { lintLiveModels } from './lint-live-models.js';
import { lintModels } from './lint-models.js';
import { lintParameters } from './lint-parameters.js';
import { lintReferences } from './lint-references.js';
import { lintTools } from './lint-tools.js';
import { type RawAct, type RawTable, readRawActs, readRawNarrativeTable } from './raw-acts.js';

/** Finds probable mistakes in a valid narrative and reports them as warnings. Pass it as `lint` to `checkNarrative`. */
export function lintNarrative(
  file: TomlTable,
  { actsToRun, usedVariables, referencesByAct, model, now = Date.now() }: LintContext,
): Problem[] {
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  const narrativeTable = overrideModel(readRawNarrativeTable(file), model);
  const rawActs = readRawActs(file).map((act) => (model === undefined ? act : removeModel(act)));
  lintModels(narrativeTable, rawActs, { report, now, isModelOverridden: model !== undefined });
  lintParameters(narrativeTable, rawActs, report);
  lintLiveModels(narrativeTable, rawActs, actsToRun, report);
  lintTools(narrativeTable, rawActs, actsToRun, report);
  lintReferences(rawActs, isTable(file.media) ? Object.keys(file.media) : [], report);
  lintUnusedMedia(file, report);
  lintUnusedVars(file, usedVariables, report);
  lintUnreadReplies(actsToRun, referencesByAct, report);
  return problems;
}

function overrideModel(narrativeTable: RawTable, model: string | undefined): RawTable {
  return model === undefined ? narrativeTable : { ...narrativeTable, table: { ...narrativeTable.table, model } };
}

function removeModel(act: RawAct): RawAct {
  const { model: _, ...table } = act.table;
  return { ...act, table };
}

/** Warns about entries of [media] that no act uses. */
function lintUnusedMedia({ media, acts }: TomlTable, report: ReportProblem): void {
  if (!isTable(media)) return;
  // Contains all strings in the acts, at any depth.
  const used = new Set<TomlValue>();
  const values = [acts];
  // The array grows during iteration.
  for (const value of values) {
    if (typeof value === 'string') used.add(value);
    else if (Array.isArray(value)) for (const element of value) values.push(element);
    else if (isTable(value)) for (const key in value) values.push(value[key]);
  }
  for (const name in media) {
    if (used.has(`media.${name}`)) continue;
    report(warningAt('unused-media', ['media', name], `no act uses ${quote(`media.${name}`)}`));
  }
}

/**
 * Warns about variables that neither the file nor a nested narrative uses. A variable that a nested narrative defines
 * counts as used, because the file's value replaces that definition.
 */
function lintUnusedVars({ vars }: TomlTable, usedVariables: ReadonlySet<string>, report: ReportProblem): void {
  if (!isTable(vars)) return;
  for (const name in vars) {
    if (!usedVariables.has(name)) report(warningAt('unused-var', ['vars', name], `{{vars.${name}}} is never used`));
  }
}

/**
 * Warns about acts whose reply no later act sees, if a later act sees the reply of another act. A likely cause is a
 * later act with `context = "none"` that should refer to the reply. If no act sees the reply of another act, the acts
 * are independent and there is no warning.
 * @param acts in the order in which they run
 * @param referencesByAct the placeholder names in the texts of each act; names of variables are left out
 */
function lintUnreadReplies(
  acts: readonly Act[],
  referencesByAct: ReadonlyMap<string, readonly string[]>,
  report: ReportProblem,
): void {
  if (acts.every(({ context }) => context === undefined)) return;
  /** All acts before this index are seen by a later act with full context. */
  let seenBefore = 0;
  const seen = new Set<string | undefined>();
  acts.forEach((act, index) => {
    const previous = acts[index - 1]?.name;
    // A narrative that runs instead of a request has its own conversation and sees nothing.
    const context = makesRequest(act) ? (act.context ?? 'full') : 'none';
    if (context === 'full') seenBefore = index;
    else if (context === 'previous') seen.add(previous);
    else if (context !== 'none') for (const name of context) seen.add(name);
    for (const name of referencesByAct.get(act.name) ?? []) seen.add(name === 'previous' ? previous : name);
  });
  if (seenBefore === 0 && !acts.some(({ name }) => seen.has(name))) return;
  const unread = acts.slice(seenBefore, -1).filter(({ name }) => !seen.has(name));
  for (const name of new Set(unread.map((act) => act.name))) {
    report(warningAt('unread-reply', ['acts', name], `no later act sees the reply of ${quote(name)}`));
  }
}
