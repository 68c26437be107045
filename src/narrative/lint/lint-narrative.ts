import type { Problem } from '../../toml/problem.js';
import { isTable, type TomlTable } from '../../toml/toml.js';
import type { LintContext } from '../parse/parsed-narrative-file.js';
import { readRawActs, readRawHeader } from '../parse/raw-acts.js';
import { lintLiveModels } from './lint-live-models.js';
import { lintModels } from './lint-models.js';
import { lintReferences } from './lint-references.js';
import { lintUnreadReplies, lintUnusedMedia, lintUnusedVars } from './lint-unused.js';

/** Finds probable mistakes in a valid narrative. All problems are warnings. Pass it as `lint` to `checkNarrative`. */
export function lintNarrative(
  file: TomlTable,
  { orderedActs, usedVariables, referencesByAct }: LintContext,
): Problem[] {
  const problems: Problem[] = [];
  const report = (problem: Problem) => void problems.push(problem);
  const header = readRawHeader(file);
  const rawActs = readRawActs(file);
  lintModels(header, rawActs, report);
  lintLiveModels(header, rawActs, orderedActs, report);
  lintReferences(rawActs, isTable(file.media) ? Object.keys(file.media) : [], report);
  lintUnusedMedia(file, report);
  lintUnusedVars(file, usedVariables, report);
  lintUnreadReplies(orderedActs, referencesByAct, report);
  return problems;
}
