import type { Diagnostic } from './diagnostic.js';
import type { Fault, Misnamed } from './fault.js';
import { nearestName } from './nearest-name.js';
import { placeFinder } from './place-finder.js';

/** How many suggestions are worth their time: each compares a name with every other name of its kind. */
const mostSuggestions = 100;

/** Gives each fault its place and, where a name is close, its suggestion. In the order of the file; placeless ones last. */
export async function diagnose(faults: readonly Fault[], text: string): Promise<Diagnostic[]> {
  if (faults.length === 0) return [];
  const findPlace = await placeFinder(text);
  let suggestionsLeft = mostSuggestions;
  const nearestOf = (misnamed: Misnamed | undefined) =>
    misnamed && suggestionsLeft-- > 0 ? nearestAsWritten(misnamed) : undefined;
  const diagnostics = faults.map(({ severity, rule, message, misnamed, suggestion: meant, ...where }): Diagnostic => {
    const place = findPlace(where);
    const suggestion = meant ?? nearestOf(misnamed);
    return {
      severity,
      rule,
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(place && { place }),
    };
  });
  return diagnostics.sort(byPlace);
}

function nearestAsWritten({ name, known, written = (nearest) => nearest }: Misnamed): string | undefined {
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : written(nearest);
}

function byPlace({ place: left }: Diagnostic, { place: right }: Diagnostic): number {
  if (!left || !right) return Number(left === undefined) - Number(right === undefined);
  return left.line - right.line || left.column - right.column;
}
