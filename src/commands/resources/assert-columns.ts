import { BoticelliError } from '../../errors.js';
import type { Narrative } from '../../narrative/narrative.js';
import { listRowReferences } from '../../narrative/row-references.js';
import type { RowSource } from '../../rows/row.js';
import { findNearestName } from '../../util/nearest-name.js';

/**
 * Checks that the source has the columns that the narrative uses. Does nothing for a source whose rows may have different
 * columns: each of its rows is checked when it is read.
 *
 * @throws BoticelliError `invalid_narrative`
 */
export function assertColumnsExist(
  narrative: Narrative,
  { name: sourceName, columns }: RowSource,
  narrativeFile: string,
): void {
  if (!columns) return;
  // Every source has `{{row}}`, the whole row, and `{{row.number}}`.
  const used = [...listRowReferences(narrative)].flatMap((reference) =>
    reference === 'row' ? [] : reference.slice('row.'.length),
  );
  const missing = used.find((column) => column !== 'number' && !columns.includes(column));
  if (missing === undefined) return;
  const nearest = findNearestName(missing, columns);
  const suggestion = nearest === undefined ? '' : `Did you mean {{row.${nearest}}}? `;
  throw new BoticelliError(
    'invalid_narrative',
    `${narrativeFile} uses {{row.${missing}}}, but ${sourceName} has no column ${JSON.stringify(missing)}`,
    { hint: `${suggestion}Columns: ${columns.join(', ')}. Nothing was sent.` },
  );
}
