import { BoticelliError } from '../../errors.js';
import { findNearestName } from '../../util/nearest-name.js';
import type { GivenVariables } from './given-variables.js';

/**
 * Checks that every `--var`, `--var-file` and `--matrix vars.name` names a variable of the narratives. A misspelt name
 * would otherwise be ignored silently. For the file of `--vars`, which several narratives may share, an unknown name is
 * a warning.
 *
 * @throws BoticelliError `usage` for an unknown name of a flag other than `--vars`
 */
export function assertKnownVariables(
  { flags }: GivenVariables,
  known: ReadonlySet<string>,
  warn: (text: string) => void = () => {},
): void {
  for (const [name, flag] of flags) {
    if (known.has(name)) continue;
    const nearest = findNearestName(name, known);
    const suggestion = nearest === undefined ? '' : `Did you mean ${nearest}? `;
    const list = known.size === 0 ? 'There are no variables.' : `Known variables: ${[...known].join(', ')}.`;
    if (flag !== '--vars')
      throw new BoticelliError('usage', `${flag} ${flag === '--matrix' ? 'vars.' : ''}${name}: unknown variable`, {
        hint: `${suggestion}${list}`,
      });
    warn(
      `--vars: unknown variable ${JSON.stringify(name)}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    );
  }
}
