import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { isTable, quote, type TomlTable } from '../../toml/toml.js';
import { type Act, getNestedNarrative } from '../narrative.js';
import { collectStrings } from '../parse/raw-acts.js';

/** Warns about entries of [media] that no act uses. */
export function lintUnusedMedia({ media, acts }: TomlTable, report: ReportProblem): void {
  if (!isTable(media)) return;
  const used = new Set(collectStrings(acts));
  for (const name in media) {
    if (used.has(`media.${name}`)) continue;
    report(warningAt('unused-media', ['media', name], `no act uses ${quote(`media.${name}`)}`));
  }
}

/** Warns about variables that neither the file nor its nested narratives use. */
export function lintUnusedVars({ vars }: TomlTable, usedVariables: ReadonlySet<string>, report: ReportProblem): void {
  if (!isTable(vars)) return;
  for (const name in vars) {
    if (!usedVariables.has(name)) report(warningAt('unused-var', ['vars', name], `no text uses {{vars.${name}}}`));
  }
}

/**
 * Warns about acts whose reply no later act sees, if other replies are seen: with `context = "none"` in later acts, they were
 * probably forgotten. If no act sees another one, the acts are independent and there is no warning.
 * @param acts in the order in which they run
 * @param referencesByAct the placeholder names of each act, without variables
 */
export function lintUnreadReplies(
  acts: readonly Act[],
  referencesByAct: ReadonlyMap<string, readonly string[]>,
  report: ReportProblem,
): void {
  if (acts.every(({ context }) => context === undefined)) return;
  /** A later act with full context sees all acts before this index. */
  let seenBefore = 0;
  const seen = new Set<string | undefined>();
  acts.forEach((act, index) => {
    const previous = acts[index - 1]?.name;
    // A nested narrative runs in its own conversation and sees nothing.
    const context = getNestedNarrative(act) ? 'none' : (act.context ?? 'full');
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
