import { randomBytes } from 'node:crypto';

/**
 * Creates a run id, for example `20261122-145048-a1b2c3`. Ids are unique, sort by time (UTC) and are short enough to
 * type.
 * @param startedAt milliseconds since the epoch
 */
export function createRunId(startedAt: number): string {
  const time = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${time}-${randomBytes(3).toString('hex')}`;
}
