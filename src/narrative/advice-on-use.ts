import { type Fault, warning } from '../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../toml/toml.js';
import { stringsIn, type WrittenAct, type WrittenTable } from './written-acts.js';

/** Media and vars that nothing in the file uses. */
export function unusedAdvice(file: TomlTable): Fault[] {
  const media = namesIn(file.media);
  const vars = namesIn(file.vars);
  if (media.length === 0 && vars.length === 0) return [];
  const strings = stringsIn(
    [file.narrative, file.narration, file.acts, file.media].filter((part) => part !== undefined),
  );
  const whole = new Set(strings);
  const templates = new Set(strings.flatMap(templatesIn));
  // A name that is made by a template can be any.
  const isOpen = strings.some((text) => text.startsWith('media.{{'));
  return [
    ...media
      .filter((name) => !isOpen && !whole.has(`media.${name}`))
      .map((name) => warning('unused-media', ['media', name], `no act uses the medium ${quoted(name)}`)),
    ...vars
      .filter((name) => !templates.has(`vars.${name}`))
      .map((name) => warning('unused-var', ['vars', name], `no text uses {{vars.${name}}}`)),
  ];
}

/**
 * Acts whose replies no later act sees, in a narrative where others do: with `context = "none"` behind them, they were
 * probably forgotten. Where no act sees another, they are questions of their own, and all is well.
 */
export function unreadAdvice(
  { table }: WrittenTable,
  written: readonly WrittenAct[],
  order: readonly string[],
): Fault[] {
  if (table.context === undefined && written.every((act) => act.table.context === undefined)) return [];
  const acts = new Map(written.map((act) => [act.name, act]));
  /** All acts before this position are seen by one that sees everything. */
  let allBefore = 0;
  const seen = new Set<string>();
  for (const [at, name] of order.entries()) {
    const act = acts.get(name);
    const context = act?.table.context ?? table.context ?? 'full';
    if (context === 'full') allBefore = at;
    const names = namesSeenBy(act, context);
    for (const each of names) seen.add(each);
    if (at > 0 && names.has('previous')) seen.add(order[at - 1] ?? '');
  }
  if (allBefore === 0 && !order.some((name) => seen.has(name))) return [];
  const unread = order.slice(allBefore, -1).filter((name) => !seen.has(name));
  return [...new Set(unread)].map((name) =>
    warning('unread-reply', ['acts', name], `no later act sees the reply of ${quoted(name)}`),
  );
}

/** What an act names, in its context or its templates; `previous` is the act before it. */
function namesSeenBy(act: WrittenAct | undefined, context: TomlValue): Set<string> {
  const texts = stringsIn([act?.table ?? {}, ...(act?.texts ?? []).map(({ text }) => text)]);
  const listed = Array.isArray(context) ? context.filter((name) => typeof name === 'string') : [];
  return new Set([...listed, ...(context === 'previous' ? ['previous'] : []), ...texts.flatMap(templatesIn)]);
}

function namesIn(table: TomlValue | undefined): string[] {
  return isTable(table) ? Object.keys(table) : [];
}

/** What stands between double braces, unless a backslash is before them. */
function templatesIn(text: string): string[] {
  return [...text.matchAll(/(?<!\\)\{\{\s*([^{}\n]*?)\s*\}\}/g)].map(([, name = '']) => name);
}
