import type { Database } from '../../database/open.js';
import { BoticelliError } from '../../errors.js';
import { findRuns } from '../../store/runs/read-runs.js';
import type { RecordedRun } from '../../store/runs/recorded-run.js';

/**
 * Finds a run, given by its id, by the beginning of its id, or as `last`.
 *
 * @param database undefined if there is none yet
 * @throws BoticelliError `no_input` if no run matches, `usage` if several runs match
 */
export function findRun(database: Database.Database | undefined, id: string): RecordedRun {
  const found = database ? findRuns(database, id) : [];
  const [run, ...others] = found;
  if (!run) throw createUnknownRunError(id);
  const { run: foundId } = run;
  if (others.length === 0 || foundId === id) return run;
  const hint = `Give more characters of the id. The newest matches are ${found.map((match) => match.run).join(', ')}.`;
  throw new BoticelliError('usage', `${id} matches several runs`, { hint });
}

function createUnknownRunError(id: string): BoticelliError {
  const hint = 'Every run is recorded, except rehearsals, replays, and runs with [store] keep = "off".';
  if (id === 'last') return new BoticelliError('no_input', 'no runs yet', { hint });
  return new BoticelliError('no_input', `no such run: ${id}`, { hint: 'List runs with: boticelli runs' });
}
