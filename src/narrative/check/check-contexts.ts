import { fault, type Report } from '../../toml/fault.js';
import { isTable, type Path, quoted, type TomlTable, type TomlValue } from '../../toml/toml.js';
import type { Names } from './check-references.js';

/**
 * Finds acts in `context` that do not exist or have not played by then. A narrative's own list is for every act, the
 * first one too: of it each act sees what has played.
 */
export function checkContexts(
  { header, file, names }: { header: string; file: TomlTable; names: Pick<Names, 'acts' | 'firstPositions'> },
  report: Report,
): void {
  const holder = file[header];
  if (isTable(holder)) checkExist(holder.context, [header, 'context'], names, report);
  const acts = isTable(file.acts) ? file.acts : {};
  for (const act in acts) {
    const value = acts[act];
    if (!isTable(value) || value.context === undefined) continue;
    const path = ['acts', act, 'context'];
    const position = names.firstPositions.get(act) ?? Number.POSITIVE_INFINITY;
    for (const [name, at] of checkExist(value.context, path, names, report)) {
      const first = names.firstPositions.get(name);
      if (first !== undefined && first < position) continue;
      const why = first === undefined ? 'the order never names' : 'has not played by then';
      report(fault('not-played-yet', [...path, at], `"context" names the act ${quoted(name)}, which ${why}`));
    }
  }
}

/** The acts of a list that exist, each with its place in the list. */
function checkExist(
  context: TomlValue | undefined,
  path: Path,
  { acts }: Pick<Names, 'acts'>,
  report: Report,
): [name: string, at: number][] {
  if (!Array.isArray(context)) return [];
  return [...context.entries()].flatMap(([at, name]) => {
    if (typeof name !== 'string') return [];
    if (acts.has(name)) return [[name, at]];
    const message = `"context" names the act ${quoted(name)}, which does not exist`;
    report(fault('unknown-act', [...path, at], message, { misnamed: { name, known: acts.keys() } }));
    return [];
  });
}
