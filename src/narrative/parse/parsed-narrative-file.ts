import type { Diagnostic } from '../../toml/diagnostic.js';
import { errorAt, type Problem } from '../../toml/problem.js';
import type { TomlTable } from '../../toml/toml.js';
import type { UndefinedVariable } from '../check/check-references.js';
import { checkShape } from '../check/check-shape.js';
import { type Act, getInnerNarrative, type Narrative } from '../narrative.js';
import type { MediaTemplateEntry } from './read-media.js';
import type { ParsedNarrative } from './read-narrative.js';

/** Beyond what anyone plays, and reached soon by a carousel of narratives with carousels. */
const maxActRuns = 100_000;

/** A file that was read, alone or because another one plays it. */
export interface ParsedNarrativeFile {
  /** Its name, relative to what the person gave. */
  file: string;
  text: string;
  /** Absent where the text is no TOML. */
  narrative?: Narrative;
  /** Why the text is no TOML. */
  parseDiagnostic?: Diagnostic;
  problems: Problem[];
  /** Whether there is an error in it, or in what it plays. */
  hasErrors: boolean;
  /** The narratives that its acts play, each once. */
  innerFiles: ParsedNarrativeFile[];
  /** Its media whose names are filled. */
  mediaTemplates: readonly MediaTemplateEntry[];
  /** What its texts use and it does not define: faults, unless who plays it does. */
  undefinedVariables: readonly UndefinedVariable[];
  /** The same of all that it plays too, as far as it does not define them either. */
  unresolvedVariables: ReadonlySet<UndefinedVariable>;
  /** The variables that it, or what it plays, defines or uses. */
  variables: ReadonlySet<string>;
  /** How many narratives stand within each other here, itself counted. */
  nestingDepth: number;
  /** How many acts play in it, those of the narratives in it too. */
  actRuns: number;
}

/** What else is said of files, and by what they are judged. */
export interface LintOptions {
  /**
   * Tells of a file without fault what is likely to be a mistake all the same: `adviceOn`. Default: nobody does.
   */
  lint?: (file: TomlTable, context: LintContext) => readonly Problem[];
}

/** What is known of a file that advice is to be given on. */
export interface LintContext {
  /** The acts in the order in which they play, as they were read. */
  orderedActs: readonly Act[];
  /** The variables that the file's texts, or the narratives in it, use. */
  usedVariables: ReadonlySet<string>;
  /** The names in braces of what each act sends, variables left out. */
  referencesByAct: ReadonlyMap<string, readonly string[]>;
}

/** A file of which nothing but its text is known yet. */
export function createNarrativeFile(file: string, text: string): ParsedNarrativeFile {
  return {
    file,
    text,
    problems: [],
    hasErrors: false,
    innerFiles: [],
    mediaTemplates: [],
    undefinedVariables: [],
    unresolvedVariables: emptySet,
    variables: emptySet,
    nestingDepth: 1,
    actRuns: 0,
  };
}

const emptySet: ReadonlySet<never> = new Set();

/** Adds what is known of a file once all that it plays has been read. Advice is given where there is no error. */
export function completeFile(
  parsedFile: ParsedNarrativeFile,
  result: ParsedNarrative,
  table: TomlTable,
  { lint }: LintOptions,
): void {
  const { narrative, problems, usedVariables, mediaTemplates, undefinedVariables } = result;
  const innerFiles = parsedFile.innerFiles;
  for (const problem of checkShape(table)) problems.push(problem);
  const actRuns = countActRuns(narrative, innerFiles);
  // Told of the innermost file that has too many, for those that play it have even more.
  if (actRuns > maxActRuns && innerFiles.every((file) => file.actRuns <= maxActRuns))
    problems.push(createTooManyActsProblem(narrative, actRuns));
  const allUsedVariables =
    innerFiles.length === 0 ? usedVariables : union([usedVariables, ...innerFiles.map(({ variables }) => variables)]);
  parsedFile.hasErrors =
    problems.some(({ severity }) => severity === 'error') || innerFiles.some((file) => file.hasErrors);
  if (lint && !parsedFile.hasErrors) {
    const context = {
      orderedActs: narrative.acts,
      usedVariables: allUsedVariables,
      referencesByAct: result.referencesByAct,
    };
    for (const problem of lint(table, context)) problems.push(problem);
  }
  parsedFile.problems = problems;
  parsedFile.mediaTemplates = mediaTemplates;
  parsedFile.actRuns = actRuns;
  parsedFile.undefinedVariables = undefinedVariables;
  parsedFile.unresolvedVariables = collectUnresolved(result, innerFiles);
  parsedFile.variables = narrative.vars ? union([allUsedVariables, narrative.vars.keys()]) : allUsedVariables;
}

/** What neither the file nor what it plays defines. */
function collectUnresolved(
  { undefinedVariables, narrative }: ParsedNarrative,
  innerFiles: readonly ParsedNarrativeFile[],
): ReadonlySet<UndefinedVariable> {
  if (undefinedVariables.length + innerFiles.length === 0) return emptySet;
  const unresolved = new Set(undefinedVariables);
  for (const innerFile of innerFiles)
    for (const variable of innerFile.unresolvedVariables)
      if (!narrative.vars?.has(variable.name)) unresolved.add(variable);
  return unresolved;
}

function union(sets: readonly Iterable<string>[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const set of sets) for (const name of set) all.add(name);
  return all;
}

function countActRuns({ acts, carousel = 1 }: Narrative, innerFiles: readonly ParsedNarrativeFile[]): number {
  if (innerFiles.length === 0) return acts.length * carousel;
  const runsByNarrative = new Map(innerFiles.map((file) => [file.narrative, file.actRuns]));
  let actRuns = 0;
  for (const act of acts) {
    if (!getInnerNarrative(act)) actRuns += 1;
    for (const input of act.inputs)
      if (input.type === 'narrative') actRuns += runsByNarrative.get(input.narrative) ?? 0;
  }
  return actRuns * carousel;
}

function createTooManyActsProblem({ carousel }: Narrative, actRuns: number): Problem {
  const path = ['toc', carousel === undefined ? 'order' : 'carousel'];
  return errorAt('too-many-acts', path, `${actRuns} acts would play; ${maxActRuns} are the most`);
}
