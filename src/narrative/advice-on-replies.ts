import { type Report, warning } from '../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../toml/toml.js';
import { namesUsedIn } from './template.js';
import { stringsIn, type WrittenAct, type WrittenTable, writtenOrder } from './written-acts.js';

/**
 * Acts whose replies no later act sees, in a narrative where others do: with `context = "none"` behind them, they were
 * probably forgotten. Where no act sees another, they are questions of their own, and all is well.
 */
export function adviseOnUnreadReplies(
  file: TomlTable,
  { table: defaults }: WrittenTable,
  written: readonly WrittenAct[],
  report: Report,
): void {
  if (defaults.context === undefined && written.every(({ table }) => table.context === undefined)) return;
  const acts = new Map(written.map((act) => [act.name, act]));
  const namesUsedBy = usedNames(file, defaults);
  const order = writtenOrder(file);
  /** All acts before this position are seen by one that sees everything. */
  let allBefore = 0;
  const seen = new Set<string>();
  for (const [at, name] of order.entries()) {
    const act = acts.get(name);
    const context = act && contextOf(act, defaults);
    if (context === 'full') allBefore = at;
    const names = act ? namesUsedBy(act) : [];
    for (const each of [...names, ...(Array.isArray(context) ? context : [])]) seen.add(String(each));
    if (context === 'previous' || names.includes('previous')) seen.add(order[at - 1] ?? '');
  }
  if (allBefore === 0 && !order.some((name) => seen.has(name))) return;
  const unread = order.slice(allBefore, -1).filter((name) => !seen.has(name));
  for (const name of new Set(unread)) {
    report(warning('unread-reply', ['acts', name], `no later act sees the reply of ${quoted(name)}`));
  }
}

/** What an act sees by its context: a narrative that plays instead of a call is a conversation of its own, and sees nothing. */
function contextOf({ table, texts }: WrittenAct, defaults: TomlTable): TomlValue {
  const isPlayed =
    texts.length === 1 && Object.keys(table).length === 0 && /^narrative:\S+$/.test(texts[0]?.text ?? '');
  return isPlayed ? 'none' : (table.context ?? defaults.context ?? 'full');
}

/** Tells what an act names in its templates: in its texts, in the narrative's system text, in the media that it shows. */
function usedNames(file: TomlTable, defaults: TomlTable): (act: WrittenAct) => string[] {
  if (defaults.templates === false) return () => [];
  const media = isTable(file.media) ? file.media : {};
  const inSystem = stringsIn(defaults.system).flatMap(namesUsedIn);
  return ({ table, texts }) => {
    const own = [...stringsIn(table), ...texts.map(({ text }) => text)];
    const shown = own.filter((text) => text.startsWith('media.')).map((name) => media[name.slice('media.'.length)]);
    const used = [...own, ...stringsIn(shown.filter((medium) => medium !== undefined))].flatMap(namesUsedIn);
    return table.system === undefined ? [...used, ...inSystem] : used;
  };
}
