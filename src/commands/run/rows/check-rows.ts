import { statSync } from 'node:fs';
import { BoticelliError } from '../../../errors.js';
import { usesStdin } from '../../../executor/narrative-executor.js';
import type { Narrative } from '../../../narrative/narrative.js';
import { listRowReferences } from '../../../narrative/row-references.js';
import type { RowSource } from '../../../rows/row.js';
import { findNearestName } from '../../../util/nearest-name.js';

/**
 * Checks that the source has the columns that the narrative uses. Sources whose rows may differ are checked row by row.
 *
 * @throws BoticelliError `invalid_narrative`
 */
export function assertColumnsExist(narrative: Narrative, { name, columns }: RowSource, file: string): void {
  if (!columns) return;
  const used = [...listRowReferences(narrative)].flatMap((reference) =>
    reference === 'row' ? [] : reference.slice('row.'.length),
  );
  const missing = used.find((column) => column !== 'number' && !columns.includes(column));
  if (missing === undefined) return;
  const nearest = findNearestName(missing, columns);
  const suggestion = nearest === undefined ? '' : `Did you mean {{row.${nearest}}}? `;
  throw new BoticelliError(
    'invalid_narrative',
    `${file} uses {{row.${missing}}}, but ${name} has no column ${JSON.stringify(missing)}`,
    { hint: `${suggestion}Columns: ${columns.join(', ')}. Nothing was sent.` },
  );
}

/** Checks that standard input is not read both as rows and as text. @throws BoticelliError `usage` */
export function assertStdinFree(narrative: Narrative, source: string): void {
  if (source !== '-' || !usesStdin(narrative)) return;
  throw new BoticelliError('usage', 'the narrative uses {{stdin}}, but standard input has the rows', {
    hint: 'Save the rows to a file, or put the text into --var.',
  });
}

/** A file of the command: the flag that names it, and its path. */
type NamedFile = readonly [flag: string, path: string | undefined];

/** Checks that no two flags name the same file, so that no source is overwritten. @throws BoticelliError `usage` */
export function assertDifferentFiles(files: readonly NamedFile[]): void {
  const flagsByFile = new Map<string, string>();
  for (const [flag, path] of files) {
    if (path === undefined) continue;
    const stats = statSync(path, { throwIfNoEntry: false });
    const id = stats ? `${stats.dev}:${stats.ino}` : path;
    const other = flagsByFile.get(id);
    if (other !== undefined) {
      throw new BoticelliError('usage', `${other} and ${flag} name the same file, ${path}`, {
        hint: 'Name different files.',
      });
    }
    flagsByFile.set(id, flag);
  }
}
