import { knownModels } from '../../facts.js';

/** When a model retires or did, by the table of facts, in UTC; undefined where nobody has said. */
export function retirementOf(model: string, now: number): { on: string; isPast: boolean } | undefined {
  const on = knownModels.get(model)?.retires;
  return on === undefined ? undefined : { on, isPast: Date.parse(on) <= now };
}
