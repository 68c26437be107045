import { BoticelliError } from '../../errors.js';
import { findNearestName } from '../../util/nearest-name.js';

/**
 * Fails with `usage` where `--var` names a variable that the narrative does not know: nothing would become of it.
 * @param narrativeCount how many there are that know these; with several, a variable is good if it is one of any of them
 */
export function assertKnownVariables(
  given: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
  narrativeCount = 1,
): void {
  const [subject, noneMessage, listPrefix] =
    narrativeCount === 1
      ? ['the narrative has no', 'It has none.', 'Its variables are']
      : ['none of the narratives has a', 'They have none.', 'Their variables are'];
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    const nearest = findNearestName(name, known);
    const allMessage = known.size === 0 ? noneMessage : `${listPrefix}: ${[...known].join(', ')}.`;
    throw new BoticelliError('usage', `--var ${name}: ${subject} variable of that name`, {
      hint: nearest === undefined ? allMessage : `Did you mean ${nearest}? ${allMessage}`,
    });
  }
}
