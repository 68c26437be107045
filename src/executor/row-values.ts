import { resolve } from 'node:path';
import { BoticelliError } from '../errors.js';
import type { MediaTemplate, Narrative } from '../narrative/narrative.js';
import { formatFileName, type LoadMediaResult, loadMedia } from '../narrative/parse/load-media.js';
import { listRowReferences } from '../narrative/row-references.js';
import { isWithinFolder } from '../util/folder-boundary.js';
import { stringifyJsonWithBigints } from '../util/json.js';
import type { NarrativeRow } from './options.js';

/**
 * Checks, before the first request, that the placeholders for the row can be filled: if the narrative has any, there
 * must be a row, and the row must have every key that they name.
 *
 * @throws BoticelliError `usage` without a row, `invalid_narrative` if the row lacks a key
 */
export function assertRowGiven(narrative: Narrative, row: NarrativeRow | undefined): void {
  const references = listRowReferences(narrative);
  const [first] = references;
  if (first === undefined) return;
  if (!row) {
    throw new BoticelliError('usage', `the narrative uses {{${first}}}, but there are no rows`, {
      hint: 'Give the rows with --each, for example --each rows.csv.',
    });
  }
  for (const name of references) resolveRowValue(name, row);
}

/**
 * Returns the value of a placeholder that refers to a row.
 * @throws BoticelliError `invalid_narrative` for a missing key
 */
export function resolveRowValue(name: string, { number, values, absenceReasons = {} }: NarrativeRow): string {
  if (name === 'row') return stringifyJsonWithBigints(values);
  const key = name.slice('row.'.length);
  if (key === 'number') return String(number);
  if (Object.hasOwn(values, key)) return formatValue(values[key]);
  const reason = Object.hasOwn(absenceReasons, key) ? absenceReasons[key] : `the row has no key ${JSON.stringify(key)}`;
  throw new BoticelliError('invalid_narrative', `{{${name}}} has no value: ${reason}`, {
    hint: `Keys of the row: ${Object.keys(values).slice(0, 20).join(', ') || 'none'}.`,
  });
}

/** Formats a value for a text: null as an empty text, an array or an object as JSON. */
function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? stringifyJsonWithBigints(value) : String(value);
}

/**
 * Reads the file that a row names. Its name is relative to the folder of the row. The file must be in that folder or in
 * that of the narrative, because the author of the rows may not be the user: a row could otherwise send any file.
 * The file that the row itself stands for (`row.file`) may be anywhere, because the user named it. With `allowOutside`,
 * any file may be anywhere.
 *
 * @throws BoticelliError `no_input` for a file that is not allowed
 */
export async function loadRowFile(
  { spec }: MediaTemplate,
  name: string,
  { row, allowOutside }: { row: NarrativeRow; allowOutside: boolean },
): Promise<LoadMediaResult> {
  const path = resolve(row.folder, name);
  const folders = [row.folder, resolve(spec.folder)];
  const isAllowed = allowOutside || path === row.file || folders.some((folder) => isWithinFolder(path, folder));
  if (isAllowed || name.trim() === '') return loadMedia({ ...spec, folder: row.folder, source: { file: name } });
  const places = [...new Set(folders)].join(' and ');
  throw new BoticelliError(
    'no_input',
    `the file ${formatFileName(name)} is outside of ${places}, and its name comes from a row`,
    {
      hint: 'To allow any file, run the narrative with --allow-outside.',
    },
  );
}
