import { errorAt, type Problem, type ReportProblem, type SuggestionQuery, warningAt } from '../../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { findNearestName } from '../../util/nearest-name.js';
import type { TemplateText } from '../parse/read-act.js';
import { getVariableName, isRowName, type Placeholder, parseTemplate } from '../template.js';

/** The names that placeholders of a narrative can refer to. */
export interface ReferenceScope {
  /** All acts of the file. */
  acts: ReadonlyMap<string, unknown>;
  /** The first index of each act in the order. Acts that are not in the order are absent. */
  firstPositions: ReadonlyMap<string, number>;
  vars: ReadonlyMap<string, string>;
  /** Whether the narrative was read from standard input, so that `{{stdin}}` is empty. */
  isFromStdin: boolean;
}

/**
 * A variable that a text of a narrative file uses and the narrative file does not define. A narrative that nests the
 * narrative file may define the variable.
 */
export interface UndefinedVariable {
  name: string;
  /** The problem to report if no narrative that nests the narrative file defines the variable either. */
  problem: Problem;
}

/** Built-in names, which never refer to an act. */
export const reservedNames: readonly string[] = ['previous', 'round', 'row', 'stdin'];

/** The references in the texts of a narrative file. */
export interface References {
  /** The used variables that the narrative file does not define. */
  undefinedVariables: UndefinedVariable[];
  /** All used variables. */
  usedVariables: ReadonlySet<string>;
  /** The placeholder names in the texts of each act. Names of variables are left out. */
  referencesByAct: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reports placeholders without a value, each name once per text, and warns about unclosed braces and blocks of Jinja.
 * Undefined variables are returned and not reported, because a narrative that nests the file may define them.
 */
export function checkReferences(
  templateTexts: readonly TemplateText[],
  scope: ReferenceScope,
  report: ReportProblem,
): References {
  const undefinedVariables: UndefinedVariable[] = [];
  const usedVariables = new Set<string>();
  const referencesByAct = new Map<string, string[]>();
  for (const templateText of templateTexts) {
    const { text, keyPath } = templateText;
    const jinjaBlock = findJinjaBlock(text);
    if (jinjaBlock !== undefined) {
      const message = `${describeText(templateText)} contains ${jinjaBlock}, which is kept as text: only {{names}} are filled in`;
      const place = locateInTextFile(templateText, text.indexOf(jinjaBlock), jinjaBlock.length);
      report(warningAt('stray-braces', keyPath, message, { excerpt: jinjaBlock, target: 'value', ...place }));
    }
    if (!text.includes('{{')) continue;
    const template = parseTemplate(text);
    const [unclosed] = template.unclosed;
    if (unclosed !== undefined) {
      const message = `unclosed "{{" in ${describeText(templateText)} is kept as text; if that is intended, write \\{{`;
      const place = { ...locateOpening(text, unclosed), ...locateInTextFile(templateText, unclosed, 2) };
      report(warningAt('stray-braces', keyPath, message, { ...place, target: 'value' }));
    }
    const reported = new Set<string>();
    for (const placeholder of template.parts) {
      if (typeof placeholder === 'string' || reported.has(placeholder.name)) continue;
      reported.add(placeholder.name);
      const variable = getVariableName(placeholder.name);
      if (variable !== undefined) usedVariables.add(variable);
      else recordReference(placeholder.name, templateText, referencesByAct);
      const problem = checkPlaceholder(placeholder, templateText, scope);
      if (!problem) continue;
      if (variable !== undefined) undefinedVariables.push({ name: variable, problem });
      else report(problem);
    }
  }
  return { undefinedVariables, usedVariables, referencesByAct };
}

/**
 * Returns the first block of Jinja in a text, for example `{% if posts %}`. Only blocks that begin with a keyword
 * of Jinja count, because `{%` is common in other languages too.
 */
function findJinjaBlock(text: string): string | undefined {
  if (!text.includes('{%')) return undefined;
  return /\{%-?\s*(?:if|elif|else|endif|for|endfor|set|block|endblock|macro|include|extends|raw)\b[^%\n]*%\}/.exec(
    text,
  )?.[0];
}

/** Returns the location of a part of a text in a text file. Empty if the text is in the narrative file. */
function locateInTextFile({ file, text }: TemplateText, offset: number, length: number): Pick<Problem, 'inFile'> {
  return file === undefined ? {} : { inFile: { file, text, offset, length } };
}

function describeText({ file, keyPath }: TemplateText): string {
  return file === undefined ? describePath(keyPath) : quote(file);
}

function recordReference(name: string, { actNames }: TemplateText, referencesByAct: Map<string, string[]>): void {
  for (const actName of actNames) {
    const references = referencesByAct.get(actName);
    if (references) references.push(name);
    else referencesByAct.set(actName, [name]);
  }
}

function locateOpening(text: string, offset: number): { excerpt: string; occurrence: number } {
  let occurrence = 0;
  for (let index = text.indexOf('{{'); index < offset; index = text.indexOf('{{', index + 1)) occurrence += 1;
  return { excerpt: '{{', occurrence };
}

function checkPlaceholder(
  { name, offset, length, occurrence }: Placeholder,
  templateText: TemplateText,
  scope: ReferenceScope,
): Problem | undefined {
  const excerpt = templateText.text.slice(offset, offset + length);
  const place = { excerpt, occurrence, ...locateInTextFile(templateText, offset, length) };
  const createProblem = (rule: string, message: string, suggestionQuery?: SuggestionQuery) =>
    errorAt(rule, templateText.keyPath, message, { ...place, ...(suggestionQuery && { suggestionQuery }) });
  const variable = getVariableName(name);
  if (variable !== undefined) {
    if (scope.vars.has(variable)) return undefined;
    const message = `unknown variable ${excerpt}; define it in [vars] or with --var`;
    return createProblem('unknown-variable', message, createSuggestionQuery(name, scope));
  }
  if (name === 'stdin' && scope.isFromStdin) {
    const message = `${excerpt} is empty, because the narrative itself is read from standard input`;
    return createProblem('stdin-taken', message);
  }
  // The position at which the text is first used. Infinite for an act that is not in the order: it never runs, so it
  // may refer to any act in the order.
  const position = templateText.actNames.reduce(
    (least, actName) => Math.min(least, scope.firstPositions.get(actName) ?? Number.POSITIVE_INFINITY),
    Number.POSITIVE_INFINITY,
  );
  if (name === 'previous' && position === 0) {
    return createProblem('no-previous', `${excerpt} has no value in the first act: no act runs before it`);
  }
  // Any column of a row is accepted here, because only the rows of `--each` show which columns exist.
  if (reservedNames.includes(name) || isRowName(name)) return undefined;
  if (!scope.acts.has(name))
    return createProblem('unknown-name', formatUnknownName(excerpt, name, scope), createSuggestionQuery(name, scope));
  const first = scope.firstPositions.get(name);
  if (first === undefined)
    return createProblem('not-played-yet', `${excerpt} has no value: the act ${quote(name)} is not listed in "order"`);
  if (first < position) return undefined;
  const reason = `the act ${quote(name)} has not run when this ${templateText.usedAs} is used`;
  return createProblem('not-played-yet', `${excerpt} has no value: ${reason}`);
}

function formatUnknownName(excerpt: string, name: string, { vars }: ReferenceScope): string {
  if (name.includes('|')) return `unknown name ${excerpt}; there are no filters such as "|" here`;
  const variable = guessVariableName(name);
  if (name === '' || vars.has(variable)) return `unknown name ${excerpt}`;
  return `unknown name ${excerpt}; for a variable write {{vars.${variable}}} and define it in [vars]`;
}

/** Returns the variable that an unknown name probably means: `x`, whether the name is `x` or a misspelt `vras.x`. */
function guessVariableName(name: string): string {
  const [, prefix = '', rest] = /^(\w+)\.(.+)$/.exec(name) ?? [];
  // `findNearestName` alone does not find `vras`: it counts two swapped letters as two edits, and allows only one edit
  // in four letters.
  const isMisspelt = /^var|^[vars]{4}$/i.test(prefix) || findNearestName(prefix, ['vars']) !== undefined;
  return rest !== undefined && isMisspelt ? rest : name;
}

function createSuggestionQuery(name: string, scope: ReferenceScope): SuggestionQuery {
  const format = (nearest: string) => `{{${nearest}}}`;
  const variable = guessVariableName(name);
  const placeholderName = `vars.${variable}`;
  if (scope.vars.has(variable)) return { name: placeholderName, candidates: [placeholderName], format };
  return { name, candidates: listKnownNames(scope), format };
}

function* listKnownNames({ acts, vars }: ReferenceScope): Iterable<string> {
  yield* acts.keys();
  yield* reservedNames;
  for (const name of vars.keys()) yield `vars.${name}`;
}

/**
 * Checks the acts that each `context` lists. They must exist, and must run before the act that has the `context`. For
 * `context` in the `[narrative]` table, only existence is checked: it applies to all acts, and each of them sees the
 * listed acts that have already run.
 *
 * @param narrativeTableName `narrative`, or an older name of this table
 */
export function checkContexts(
  file: TomlTable,
  narrativeTableName: string,
  scope: ReferenceScope,
  report: ReportProblem,
): void {
  const narrativeTable = file[narrativeTableName];
  if (isTable(narrativeTable)) checkActNames(narrativeTable.context, [narrativeTableName, 'context'], scope, report);
  const acts = isTable(file.acts) ? file.acts : {};
  for (const act in acts) {
    const value = acts[act];
    if (!isTable(value) || value.context === undefined) continue;
    const keyPath = ['acts', act, 'context'];
    const position = scope.firstPositions.get(act) ?? Number.POSITIVE_INFINITY;
    for (const [name, index] of checkActNames(value.context, keyPath, scope, report)) {
      const first = scope.firstPositions.get(name);
      if (first !== undefined && first < position) continue;
      const reason = first === undefined ? 'is not listed in "order"' : 'has not run before this act';
      report(errorAt('not-played-yet', [...keyPath, index], `"context" names the act ${quote(name)}, which ${reason}`));
    }
  }
}

/** Returns the existing acts of a context list, each with its index, and reports the others. */
function checkActNames(
  context: TomlValue | undefined,
  keyPath: Path,
  { acts }: ReferenceScope,
  report: ReportProblem,
): [name: string, index: number][] {
  if (!Array.isArray(context)) return [];
  return [...context.entries()].flatMap(([index, name]) => {
    if (typeof name !== 'string') return [];
    if (acts.has(name)) return [[name, index]];
    const message = `"context" names the act ${quote(name)}, which does not exist`;
    report(
      errorAt('unknown-act', [...keyPath, index], message, { suggestionQuery: { name, candidates: acts.keys() } }),
    );
    return [];
  });
}
