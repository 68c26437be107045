import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import type { ReferenceScope } from './check-references.js';

/**
 * Finds acts in `context` that do not exist or have not played by then. A narrative's own list is for every act, the
 * first one too: of it each act sees what has played.
 */
export function checkContexts(
  {
    tableName,
    file,
    scope,
  }: { tableName: string; file: TomlTable; scope: Pick<ReferenceScope, 'acts' | 'firstPositions'> },
  report: ReportProblem,
): void {
  const headerTable = file[tableName];
  if (isTable(headerTable)) findExistingActs(headerTable.context, [tableName, 'context'], scope, report);
  const acts = isTable(file.acts) ? file.acts : {};
  for (const act in acts) {
    const value = acts[act];
    if (!isTable(value) || value.context === undefined) continue;
    const path = ['acts', act, 'context'];
    const position = scope.firstPositions.get(act) ?? Number.POSITIVE_INFINITY;
    for (const [name, index] of findExistingActs(value.context, path, scope, report)) {
      const first = scope.firstPositions.get(name);
      if (first !== undefined && first < position) continue;
      const reason = first === undefined ? 'the order never names' : 'has not played by then';
      report(errorAt('not-played-yet', [...path, index], `"context" names the act ${quote(name)}, which ${reason}`));
    }
  }
}

/** The acts of a list that exist, each with its place in the list. */
function findExistingActs(
  context: TomlValue | undefined,
  path: Path,
  { acts }: Pick<ReferenceScope, 'acts'>,
  report: ReportProblem,
): [name: string, at: number][] {
  if (!Array.isArray(context)) return [];
  return [...context.entries()].flatMap(([index, name]) => {
    if (typeof name !== 'string') return [];
    if (acts.has(name)) return [[name, index]];
    const message = `"context" names the act ${quote(name)}, which does not exist`;
    report(errorAt('unknown-act', [...path, index], message, { suggest: { name, candidates: acts.keys() } }));
    return [];
  });
}
