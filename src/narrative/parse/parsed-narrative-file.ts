import type { Diagnostic } from '../../toml/diagnostic.js';
import { errorAt, type Problem } from '../../toml/problem.js';
import type { TomlTable } from '../../toml/toml.js';
import type { UndefinedVariable } from '../check/check-references.js';
import { checkShape } from '../check/check-shape.js';
import { type Act, makesRequest, type Narrative } from '../narrative.js';
import type { LocatedMediaTemplate } from './read-media.js';
import type { ReadNarrativeResult } from './read-narrative.js';

/**
 * The maximum number of acts in a run, repetitions included. The rounds of nested narratives multiply, so a mistake
 * easily leads to more acts.
 */
const maxActRuns = 100_000;

/** A parsed file: the outermost one or a nested one. */
export interface ParsedNarrativeFile {
  /** The file's path for messages: relative to the working folder, unless the user gave an absolute path. */
  file: string;
  text: string;
  /** Absent if the text is not valid TOML. */
  narrative?: Narrative;
  /** Why the text is not valid TOML. */
  parseDiagnostic?: Diagnostic;
  problems: Problem[];
  /** Whether this file or a nested file has an error. */
  hasErrors: boolean;
  /** The files that the acts nest, without repetitions. */
  nestedFiles: ParsedNarrativeFile[];
  /** The media whose `file` or `url` contains placeholders. */
  mediaTemplates: readonly LocatedMediaTemplate[];
  /** Variables that this file uses but does not define. They are errors unless an outer file defines them. */
  undefinedVariables: readonly UndefinedVariable[];
  /**
   * The variables that still need a definition by an outer file: the undefined variables of this file, and those
   * unresolved variables of its nested files that this file does not define.
   */
  unresolvedVariables: ReadonlySet<UndefinedVariable>;
  /** The variables that this file or a nested file defines or uses. */
  variables: ReadonlySet<string>;
  /** The number of nesting levels from this file down, including this file. */
  nestingDepth: number;
  /** How many acts run, including those of nested narratives. */
  actRuns: number;
}

/** How to find probable mistakes. */
export interface LintOptions {
  /** Returns warnings about a file without errors, for example `lintNarrative`. Default: none. */
  lint?: (file: TomlTable, context: LintContext) => readonly Problem[];
}

/** What a linter knows about a file. */
export interface LintContext {
  /** The acts that `order` lists, or all acts if there is no `[toc]`, in the order in which they run. */
  actsToRun: readonly Act[];
  /**
   * The variables that the file uses, and those that a nested file uses or defines. A value in `[vars]` of this file
   * overrides the definition in the nested file, so the value has an effect even if no text here uses the variable.
   */
  usedVariables: ReadonlySet<string>;
  /** The placeholder names in the texts of each act. Names of variables are left out. */
  referencesByAct: ReadonlyMap<string, readonly string[]>;
  /** The model of `--model`, which every act uses instead of the models in the file. */
  model?: string | undefined;
  /** Milliseconds since the epoch; decides which models retire soon. Default: the current time. */
  now?: number;
}

/** Creates the record of a file whose narrative is not read yet. `parseNarrativeFile` and `completeFile` fill it in. */
export function createParsedFile(file: string, text: string): ParsedNarrativeFile {
  return {
    file,
    text,
    problems: [],
    hasErrors: false,
    nestedFiles: [],
    mediaTemplates: [],
    undefinedVariables: [],
    unresolvedVariables: emptySet,
    variables: emptySet,
    nestingDepth: 1,
    actRuns: 0,
  };
}

const emptySet: ReadonlySet<never> = new Set();

/** Completes a file after its nested files are complete. Lints it if neither it nor a nested file has an error. */
export function completeFile(
  parsedFile: ParsedNarrativeFile,
  result: ReadNarrativeResult,
  table: TomlTable,
  { lint }: LintOptions,
): void {
  const { narrative, problems, usedVariables, referencesByAct } = result;
  const { nestedFiles } = parsedFile;
  for (const problem of checkShape(table)) problems.push(problem);
  const actRuns = countActRuns(narrative, nestedFiles);
  // Only the innermost file with too many acts is reported, because the files that nest it have even more.
  if (actRuns > maxActRuns && nestedFiles.every((file) => file.actRuns <= maxActRuns))
    problems.push(createTooManyActsProblem(narrative, table, actRuns));
  const allUsedVariables =
    nestedFiles.length === 0 ? usedVariables : union([usedVariables, ...nestedFiles.map(({ variables }) => variables)]);
  parsedFile.hasErrors =
    problems.some(({ severity }) => severity === 'error') || nestedFiles.some((file) => file.hasErrors);
  if (lint && !parsedFile.hasErrors) {
    const context = { actsToRun: narrative.acts, usedVariables: allUsedVariables, referencesByAct };
    for (const problem of lint(table, context)) problems.push(problem);
  }
  parsedFile.problems = problems;
  parsedFile.mediaTemplates = result.mediaTemplates;
  parsedFile.actRuns = actRuns;
  parsedFile.undefinedVariables = result.undefinedVariables;
  parsedFile.unresolvedVariables = collectUnresolved(result, nestedFiles);
  parsedFile.variables = narrative.vars ? union([allUsedVariables, narrative.vars.keys()]) : allUsedVariables;
}

/** Returns the `unresolvedVariables` of a file. */
function collectUnresolved(
  { undefinedVariables, narrative }: ReadNarrativeResult,
  nestedFiles: readonly ParsedNarrativeFile[],
): ReadonlySet<UndefinedVariable> {
  if (undefinedVariables.length + nestedFiles.length === 0) return emptySet;
  const unresolved = new Set(undefinedVariables);
  for (const nestedFile of nestedFiles)
    for (const variable of nestedFile.unresolvedVariables)
      if (!narrative.vars?.has(variable.name)) unresolved.add(variable);
  return unresolved;
}

function union(sets: readonly Iterable<string>[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const set of sets) for (const name of set) all.add(name);
  return all;
}

function countActRuns({ acts, rounds = 1 }: Narrative, nestedFiles: readonly ParsedNarrativeFile[]): number {
  if (nestedFiles.length === 0) return acts.length * rounds;
  const runsByNarrative = new Map(nestedFiles.map((file) => [file.narrative, file.actRuns]));
  let actRuns = 0;
  for (const act of acts) {
    if (makesRequest(act)) actRuns += 1;
    for (const input of act.inputs)
      if (input.type === 'narrative') actRuns += runsByNarrative.get(input.narrative) ?? 0;
  }
  return actRuns * rounds;
}

function createTooManyActsProblem({ rounds }: Narrative, { toc }: TomlTable, actRuns: number): Problem {
  const keyPath = toc === undefined ? ['acts'] : ['toc', rounds === undefined ? 'order' : 'carousel'];
  return errorAt('too-many-acts', keyPath, `${actRuns} acts would run; the limit is ${maxActRuns}`);
}
