import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { isTable, quote, type TomlTable } from '../../toml/toml.js';
import { collectStrings } from '../parse/raw-acts.js';

/** Media that no act shows. */
export function lintUnusedMedia({ media, acts }: TomlTable, report: ReportProblem): void {
  if (!isTable(media)) return;
  const used = new Set(collectStrings(acts));
  for (const name in media) {
    if (used.has(`media.${name}`)) continue;
    report(warningAt('unused-media', ['media', name], `no act uses the medium ${quote(name)}`));
  }
}

/** Variables that neither the file's texts nor the narratives in it use. */
export function lintUnusedVars({ vars }: TomlTable, usedVariables: ReadonlySet<string>, report: ReportProblem): void {
  if (!isTable(vars)) return;
  for (const name in vars) {
    if (!usedVariables.has(name)) report(warningAt('unused-var', ['vars', name], `no text uses {{vars.${name}}}`));
  }
}
