import { type Report, warning } from '../../toml/fault.js';
import { quoted } from '../../toml/toml.js';
import { type Act, composedNarrative } from '../narrative.js';

/**
 * Acts whose replies no later act sees, in a narrative where others do: with `context = "none"` behind them, they were
 * probably forgotten. Where no act sees another, they are questions of their own, and all is well.
 * @param acts in the order in which they play
 * @param namesUsedBy the names in braces of what each act sends, variables left out
 */
export function adviseOnUnreadReplies(
  acts: readonly Act[],
  namesUsedBy: ReadonlyMap<string, readonly string[]>,
  report: Report,
): void {
  if (acts.every(({ context }) => context === undefined)) return;
  /** All acts before this position are seen by one that sees everything. */
  let allBefore = 0;
  const seen = new Set<string | undefined>();
  acts.forEach((act, at) => {
    const previous = acts[at - 1]?.name;
    // A narrative that plays instead of a call is a conversation of its own, and sees nothing.
    const context = composedNarrative(act) ? 'none' : (act.context ?? 'full');
    if (context === 'full') allBefore = at;
    else if (context === 'previous') seen.add(previous);
    else if (context !== 'none') for (const name of context) seen.add(name);
    for (const name of namesUsedBy.get(act.name) ?? []) seen.add(name === 'previous' ? previous : name);
  });
  if (allBefore === 0 && !acts.some(({ name }) => seen.has(name))) return;
  const unread = acts.slice(allBefore, -1).filter(({ name }) => !seen.has(name));
  for (const name of new Set(unread.map((act) => act.name))) {
    report(warning('unread-reply', ['acts', name], `no later act sees the reply of ${quoted(name)}`));
  }
}
