import { BoticelliError } from '../../errors.js';
import { nearestName } from '../../util/nearest-name.js';

/**
 * Fails with `usage` where `--var` names a variable that the narrative does not know: nothing would become of it.
 * @param narratives how many there are that know these; with several, a variable is good if it is one of any of them
 */
export function assertKnown(given: ReadonlyMap<string, string>, known: ReadonlySet<string>, narratives = 1): void {
  const [holder, none, list] =
    narratives === 1
      ? ['the narrative has no', 'It has none.', 'Its variables are']
      : ['none of the narratives has a', 'They have none.', 'Their variables are'];
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    const nearest = nearestName(name, known);
    const all = known.size === 0 ? none : `${list}: ${[...known].join(', ')}.`;
    throw new BoticelliError('usage', `--var ${name}: ${holder} variable of that name`, {
      hint: nearest === undefined ? all : `Did you mean ${nearest}? ${all}`,
    });
  }
}
