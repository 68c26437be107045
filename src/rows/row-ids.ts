import { stringifyExactJson } from '../util/json.js';
import { type Combination, formatCombinationId } from './matrix.js';
import type { Row } from './row.js';
import { hashText, hashToInteger, shortenHash } from './short-hash.js';

/**
 * Creates a function that identifies rows by their values, so that a row has the same id in every command, whatever
 * rows with other values are added, removed or moved. Rows with equal values are numbered. With `--matrix`, a row has a
 * different id for each combination. Call the function for each row, in the order of the rows.
 */
export function createRowIdentifier(): (row: Pick<Row, 'values'>, combination?: Combination) => string {
  const counts = new Map<number, number>();
  return ({ values }, combination) => {
    const hash = hashText(stringifyExactJson(values) + (combination ? formatCombinationId(combination) : ''));
    const shortHash = shortenHash(hash);
    const count = counts.get(shortHash) ?? 0;
    counts.set(shortHash, count + 1);
    const id = hash.toString('hex').slice(0, 24);
    return count === 0 ? id : `${id}-${count}`;
  };
}

/**
 * Reads all rows of a command, and returns a function that says whether one of the rows has a given id, in any of the
 * combinations of `--matrix`.
 *
 * The function decides which stored replies an edited row may reuse. The id of a row depends on all its columns. An
 * edit of a column that is not in the request changes the id, but not the request. The reply stays stored under the old
 * id. If the new id has no reply, the row may therefore take a reply to an equal request that is stored under an id
 * that no row of the command has. That id is probably the old id of the row.
 */
export async function createRowIdCheck(
  rows: AsyncIterable<Row>,
  combinations: readonly (Combination | undefined)[],
): Promise<(rowId: string) => boolean> {
  const identify = createRowIdentifier();
  const ids = new Set<number>();
  for await (const row of rows)
    for (const combination of combinations) ids.add(hashToInteger(identify(row, combination)));
  return (rowId) => ids.has(hashToInteger(rowId));
}
