import { BoticelliError } from '../errors.js';
import { nearestName } from '../toml/nearest-name.js';

/** Fails with `usage` where `--var` names a variable that the narrative does not know: nothing would become of it. */
export function assertKnown(given: ReadonlyMap<string, string>, known: ReadonlySet<string>): void {
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    const nearest = nearestName(name, known);
    const list = known.size === 0 ? 'It has none.' : `Its variables are: ${[...known].join(', ')}.`;
    throw new BoticelliError('usage', `--var ${name}: the narrative has no variable of that name`, {
      hint: nearest === undefined ? list : `Did you mean ${nearest}? ${list}`,
    });
  }
}
