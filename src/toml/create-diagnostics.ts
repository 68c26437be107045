import { findNearestName } from '../util/nearest-name.js';
import { type Diagnostic, type Location, locate as locateRange } from './diagnostic.js';
import { createLocator } from './locator.js';
import type { Problem, SuggestionQuery } from './problem.js';

/**
 * The maximum number of suggestions to compute. Each takes time, because it compares a name with all candidates. The
 * problems after that have no computed suggestion.
 */
const maxSuggestions = 100;

/**
 * Converts problems to diagnostics with locations and suggestions. The diagnostics are sorted by location in `text`. A
 * problem in another file is sorted by the place at which `text` names that file, and then by its offset in that file.
 * Problems that can't be located in `text` come last, in the given order.
 */
export async function createDiagnostics(problems: readonly Problem[], text: string): Promise<Diagnostic[]> {
  if (problems.length === 0) return [];
  const locate = await createLocator(text);
  let suggestionsLeft = maxSuggestions;
  const findSuggestion = (query: SuggestionQuery | undefined) =>
    query && suggestionsLeft-- > 0 ? formatNearestName(query) : undefined;
  const located = problems.map((problem) => ({ problem, location: locate(problem) })).sort(compareLocations);
  return located.map(({ problem: { severity, rule, message, suggestionQuery, suggestion, inFile }, location }) => {
    const shown = suggestion ?? findSuggestion(suggestionQuery);
    return {
      severity,
      rule,
      message,
      ...(shown !== undefined && { suggestion: shown }),
      ...(inFile ? locateInFile(inFile) : location && { location }),
    };
  });
}

function locateInFile({ file, text, offset, length }: NonNullable<Problem['inFile']>) {
  return { location: locateRange(text, offset, offset + length), source: { file, text } };
}

interface Located {
  problem: Problem;
  location: Location | undefined;
}

function formatNearestName({ name, candidates, format = (nearest) => nearest }: SuggestionQuery): string | undefined {
  const nearest = findNearestName(name, candidates);
  return nearest === undefined ? undefined : format(nearest);
}

function compareLocations(
  { location: left, problem: leftProblem }: Located,
  { location: right, problem: rightProblem }: Located,
): number {
  if (!left || !right) return Number(left === undefined) - Number(right === undefined);
  const offset = ({ inFile }: Problem) => inFile?.offset ?? 0;
  return left.line - right.line || left.column - right.column || offset(leftProblem) - offset(rightProblem);
}
