import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { quote } from '../../toml/toml.js';
import { type Act, getInnerNarrative } from '../narrative.js';

/**
 * Acts whose replies no later act sees, in a narrative where others do: with `context = "none"` behind them, they were
 * probably forgotten. Where no act sees another, they are questions of their own, and all is well.
 * @param acts in the order in which they play
 * @param referencesByAct the names in braces of what each act sends, variables left out
 */
export function lintUnreadReplies(
  acts: readonly Act[],
  referencesByAct: ReadonlyMap<string, readonly string[]>,
  report: ReportProblem,
): void {
  if (acts.every(({ context }) => context === undefined)) return;
  /** All acts before this position are seen by one that sees everything. */
  let seenBefore = 0;
  const seen = new Set<string | undefined>();
  acts.forEach((act, index) => {
    const previous = acts[index - 1]?.name;
    // A narrative that plays instead of a call is a conversation of its own, and sees nothing.
    const context = getInnerNarrative(act) ? 'none' : (act.context ?? 'full');
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
