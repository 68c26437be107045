import { builtInModels } from '../../facts/models.js';

/** When a model retires or did, by the table of facts, in UTC; undefined where nobody has said. */
export function getRetirement(model: string, now: number): { date: string; isPast: boolean } | undefined {
  const date = builtInModels.get(model)?.retiresOn;
  return date === undefined ? undefined : { date, isPast: Date.parse(date) <= now };
}
