import { errorAt, type Problem, type ReportProblem, type SuggestionQuery, warningAt } from '../../toml/problem.js';
import { describePath, quote } from '../../toml/toml.js';
import type { TemplateText } from '../parse/read-act.js';
import { getVariableName, type Placeholder, parseTemplate } from '../template.js';

/** What names in double braces can mean in a narrative. */
export interface ReferenceScope {
  /** All acts that are defined. */
  acts: ReadonlyMap<string, unknown>;
  /** Where in the order each act stands first, counted from 0. Those that never play are not in it. */
  firstPositions: ReadonlyMap<string, number>;
  vars: ReadonlyMap<string, string>;
  /** Whether the narrative itself came from standard input, so that nothing is left in it. */
  isFromStdin: boolean;
}

/** A variable that a text uses and its own file does not define: who plays the file may. */
export interface UndefinedVariable {
  name: string;
  /** The fault that it is if nobody does. */
  problem: Problem;
}

/** Names that are no acts', whatever acts are called. */
export const reservedNames: readonly string[] = ['previous', 'round', 'stdin'];

/** What the texts of a file refer to. */
export interface References {
  /** The variables that they use and the file does not define. */
  undefinedVariables: UndefinedVariable[];
  /** All variables that they use. */
  usedVariables: ReadonlySet<string>;
  /** The other names in braces of what each act sends. */
  referencesByAct: ReadonlyMap<string, readonly string[]>;
}

/** Finds the names that nothing defines, or nothing yet where they stand. Each is reported once a text. */
export function checkReferences(
  templateTexts: readonly TemplateText[],
  scope: ReferenceScope,
  report: ReportProblem,
): References {
  const undefinedVariables: UndefinedVariable[] = [];
  const usedVariables = new Set<string>();
  const referencesByAct = new Map<string, string[]>();
  for (const templateText of templateTexts) {
    const { text, path } = templateText;
    if (!text.includes('{{')) continue;
    const template = parseTemplate(text);
    const [unclosed] = template.unclosed;
    if (unclosed !== undefined) {
      const message = `a "{{" in ${describePath(path)} is not closed on its line: it is sent as it is; write \\{{ where that is meant`;
      report(warningAt('stray-braces', path, message, { ...locateOpening(text, unclosed), target: 'value' }));
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
  placeholder: Placeholder,
  templateText: TemplateText,
  scope: ReferenceScope,
): Problem | undefined {
  const { name, offset, length, occurrence } = placeholder;
  const createProblem = (rule: string, reason: string, suggest?: SuggestionQuery) => {
    const excerpt = templateText.text.slice(offset, offset + length);
    return errorAt(rule, templateText.path, `${excerpt}: ${reason}`, {
      excerpt,
      occurrence,
      ...(suggest && { suggest }),
    });
  };
  const variable = getVariableName(name);
  if (variable !== undefined) {
    if (scope.vars.has(variable)) return undefined;
    const reason = `neither [vars] nor --var defines ${quote(variable)}`;
    return createProblem('unknown-variable', reason, createSuggestionQuery(name, scope));
  }
  if (name === 'stdin' && scope.isFromStdin) {
    return createProblem('stdin-taken', 'the narrative itself is read from standard input, so nothing is left in it');
  }
  const position = findFirstPosition(templateText, scope);
  if (name === 'previous' && position === 0) return createProblem('no-previous', 'no act plays before the first one');
  if (reservedNames.includes(name)) return undefined;
  if (!scope.acts.has(name))
    return createProblem('unknown-name', 'nothing has this name', createSuggestionQuery(name, scope));
  const first = scope.firstPositions.get(name);
  if (first === undefined) return createProblem('not-played-yet', `the order never names the act ${quote(name)}`);
  // Of an act that is itself in no order, nobody can say what plays before it.
  if (position === undefined || first < position) return undefined;
  return createProblem(
    'not-played-yet',
    `the act ${quote(name)} has not played when this ${templateText.sentAs} is sent`,
  );
}

/** Where in the order a text is sent first; undefined where it never is. */
function findFirstPosition({ actNames }: TemplateText, { firstPositions }: ReferenceScope): number | undefined {
  let first: number | undefined;
  for (const actName of actNames) {
    const position = firstPositions.get(actName);
    if (position !== undefined && position < (first ?? Number.POSITIVE_INFINITY)) first = position;
  }
  return first;
}

function createSuggestionQuery(name: string, scope: ReferenceScope): SuggestionQuery {
  const format = (nearest: string) => `{{${nearest}}}`;
  const variableName = `vars.${name}`;
  if (scope.vars.has(name)) return { name: variableName, candidates: [variableName], format };
  return { name, candidates: listKnownNames(scope), format };
}

function* listKnownNames({ acts, vars }: ReferenceScope): Iterable<string> {
  yield* acts.keys();
  yield* reservedNames;
  for (const name of vars.keys()) yield `vars.${name}`;
}
