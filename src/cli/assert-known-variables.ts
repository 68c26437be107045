import { BoticelliError } from '../errors.js';
import { findNearestName } from '../util/nearest-name.js';

/**
 * Checks that every `--var` names a variable of the narratives. A misspelt name would otherwise be ignored silently.
 *
 * @throws BoticelliError `usage`
 */
export function assertKnownVariables(given: ReadonlyMap<string, string>, known: ReadonlySet<string>): void {
  const unknown = [...given.keys()].find((name) => !known.has(name));
  if (unknown === undefined) return;
  const nearest = findNearestName(unknown, known);
  const suggestion = nearest === undefined ? '' : `Did you mean ${nearest}? `;
  const list = known.size === 0 ? 'There are no variables.' : `Known variables: ${[...known].join(', ')}.`;
  throw new BoticelliError('usage', `--var ${unknown}: unknown variable`, { hint: `${suggestion}${list}` });
}
