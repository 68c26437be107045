import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import type { ReferenceScope } from './check-references.js';

type ContextScope = Pick<ReferenceScope, 'acts' | 'firstPositions'>;

/**
 * Reports acts in `context` that do not exist or have not run by then. The list in the narrative's own table applies to all
 * acts, also to the first one: each act sees those of the list that have run.
 */
export function checkContexts(file: TomlTable, tableName: string, scope: ContextScope, report: ReportProblem): void {
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
      const reason = first === undefined ? 'is not in the order' : 'has not run by then';
      report(errorAt('not-played-yet', [...path, index], `"context" names the act ${quote(name)}, which ${reason}`));
    }
  }
}

/** Returns the existing acts of a context list, each with its index, and reports the others. */
function findExistingActs(
  context: TomlValue | undefined,
  path: Path,
  { acts }: ContextScope,
  report: ReportProblem,
): [name: string, index: number][] {
  if (!Array.isArray(context)) return [];
  return [...context.entries()].flatMap(([index, name]) => {
    if (typeof name !== 'string') return [];
    if (acts.has(name)) return [[name, index]];
    const message = `"context" names the act ${quote(name)}, which does not exist`;
    report(errorAt('unknown-act', [...path, index], message, { suggest: { name, candidates: acts.keys() } }));
    return [];
  });
}
