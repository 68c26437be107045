import { nearestName } from '../util/nearest-name.js';
import type { Diagnostic, Place } from './diagnostic.js';
import type { Fault, Misnamed } from './fault.js';
import { placeFinder } from './place-finder.js';

/** How many suggestions are worth their time: each compares a name with every other name of its kind. */
const mostSuggestions = 100;

/**
 * Gives each fault its place and, where a name is close, its suggestion. In the order of the file; placeless ones last, as they
 * were found. Where there are many, the first of them have suggestions.
 */
export async function diagnose(faults: readonly Fault[], text: string): Promise<Diagnostic[]> {
  if (faults.length === 0) return [];
  const findPlace = await placeFinder(text);
  let suggestionsLeft = mostSuggestions;
  const nearestOf = (misnamed: Misnamed | undefined) =>
    misnamed && suggestionsLeft-- > 0 ? nearestAsWritten(misnamed) : undefined;
  const placed = faults.map((fault): Placed => ({ fault, place: findPlace(fault) })).sort(byPlace);
  return placed.map(({ fault: { severity, rule, message, misnamed, suggestion: meant }, place }): Diagnostic => {
    const suggestion = meant ?? nearestOf(misnamed);
    return {
      severity,
      rule,
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(place && { place }),
    };
  });
}

interface Placed {
  fault: Fault;
  place: Place | undefined;
}

function nearestAsWritten({ name, known, written = (nearest) => nearest }: Misnamed): string | undefined {
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : written(nearest);
}

function byPlace({ place: left }: Placed, { place: right }: Placed): number {
  if (!left || !right) return Number(left === undefined) - Number(right === undefined);
  return left.line - right.line || left.column - right.column;
}
