import { stringifyJsonWithBigints } from '../util/json.js';
import { type Combination, formatCombinationId } from './matrix.js';
import type { Row } from './row.js';
import { hashText, hashToInteger, shortenHash } from './short-hash.js';

/**
 * Creates a function that identifies rows by their values. So a row keeps its id from one run of the command to the
 * next, whatever rows with other values are added, removed or moved. Rows with equal values are numbered. With
 * `--matrix`, a row has a different id for each combination. Call the function for each row, in the order of the rows.
 */
export function createRowIdentifier(): (row: Pick<Row, 'values'>, combination?: Combination) => string {
  const counts = new Map<number, number>();
  return ({ values }, combination) => {
    const hash = hashText(stringifyJsonWithBigints(values) + (combination ? formatCombinationId(combination) : ''));
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
 * A row must find its reply again after an edit of a column that the request does not use. The edit does not change
 * the request, but the edit changes the id of the row, because the id depends on all columns. The reply is still stored
 * under the old id. So a row without a stored reply may reuse the reply to an equal request, unless the reply is stored
 * under the id of another row of the command. The returned function tells whether a row of the command has an id.
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
