import { createRowIdentifier } from '../../../rows/row-ids.js';
import type { RunOptions, Shard } from '../options.js';
import type { RowsRun } from './open-rows-run.js';
import type { RowTask } from './row-task.js';

/** Lists the tasks of a command in order: for each row of the shard, one task for each combination. */
export async function* listTasks(rowsRun: RowsRun, options: RunOptions): AsyncGenerator<RowTask> {
  const { source, narrativeVariants } = rowsRun;
  // Ids are needed only to store, record or replay. Otherwise none are created, because the function that creates them
  // keeps a count for every distinct row in memory.
  const identify = needsIds(rowsRun, options) ? createRowIdentifier() : () => '';
  for await (const row of source.read()) {
    const rowState = { isWrittenAsFailed: false };
    for (const [index, variant] of narrativeVariants.entries()) {
      // Rows of other shards are identified too: equal rows are numbered, and every shard must number them alike.
      const rowIdentity = { id: identify(row, variant.combination) };
      if (!isInShard(row.number, options.shard)) continue;
      const taskNumber = (row.number - 1) * narrativeVariants.length + index + 1;
      yield { ...variant, taskNumber, row, rowIdentity, rowState };
    }
  }
}

/** Returns the number of tasks, with `--shard` only those of the shard; undefined if the rows can't be counted. */
export function countTasks({ source, narrativeVariants }: RowsRun, shard: Shard | undefined): number | undefined {
  return source.total === undefined ? undefined : countShard(source.total, shard) * narrativeVariants.length;
}

function needsIds({ persistence }: RowsRun, { record, replay }: RunOptions): boolean {
  return persistence.store !== undefined || record !== undefined || replay !== undefined;
}

/**
 * Whether a row belongs to the shard `k/n`: its number modulo n is k - 1. Rows are numbered from 1, so 2/5 has rows 1,
 * 6, 11 and so on, and 1/5 has rows 5, 10, 15 and so on.
 */
function isInShard(number: number, shard: Shard | undefined): boolean {
  return shard === undefined || number % shard.n === shard.k - 1;
}

function countShard(total: number, shard: Shard | undefined): number {
  if (!shard) return total;
  const { k, n } = shard;
  // Counts the numbers from 1 to total that leave the remainder k - 1. For k = 1, the quotient also counts 0, which is
  // subtracted.
  return Math.floor((total - (k - 1) + n) / n) - (k === 1 ? 1 : 0);
}
