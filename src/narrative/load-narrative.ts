import { dirname } from 'node:path';
import { BoticelliError } from '../errors.js';
import { diagnose } from '../toml/diagnose.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Fault } from '../toml/fault.js';
import { readToml } from '../toml/read-toml.js';
import { type FileProblem, readRegularFile } from '../toml/regular-file.js';
import type { TomlTable } from '../toml/toml.js';
import { narrativeShapeFaults } from './check-shape.js';
import type { LoadedNarrative } from './diagnostic.js';
import { InvalidNarrative } from './invalid-narrative.js';
import type { Narrative } from './narrative.js';
import { narrativeOf } from './read-narrative.js';

export { codeOfFaults, InvalidNarrative } from './invalid-narrative.js';

/**
 * The longest narrative, in bytes. With pictures in base64 it may be long, but no request takes more than 15 MB of them;
 * a film that was named by mistake is longer.
 */
export const mostBytes = 32_000_000;

/** Reads a narrative file. Throws InvalidNarrative if it has faults, and `no_input` if it can't be read. */
export async function loadNarrative(file: string): Promise<Narrative> {
  const { narrative, diagnostics } = await readNarrative(file);
  if (!narrative) throw new InvalidNarrative(file, diagnostics);
  return narrative;
}

/** How narratives are to be read. */
export interface ReadingOptions {
  /** Tells of a file without fault what is likely to be a mistake all the same: `adviceOn`. Default: nobody does. */
  advice?: (file: TomlTable) => readonly Fault[];
}

/** Reads a narrative file and tells everything there is to say about it. Throws `no_input` if it can't be read. */
export async function readNarrative(file: string, options: ReadingOptions = {}): Promise<LoadedNarrative> {
  const content = await readRegularFile(file, mostBytes);
  if ('bytes' in content) return checkNarrative({ ...options, file, bytes: content.bytes, folder: dirname(file) });
  const { reason, words } = content.problem;
  throw new BoticelliError('no_input', `${file} ${words}`, { hint: hints[reason] });
}

const hints: Record<FileProblem['reason'], string> = {
  missing: 'Check the name, and the folder that it is relative to.',
  folder: 'Name a narrative file in it.',
  special: 'To read a narrative from a pipe, give `-` as the file.',
  denied: 'Check who may read it.',
  'too-large': 'Is it the narrative that you meant to name?',
  unreadable: 'Check the file and the disk that it is on.',
};

/**
 * Says what is wrong with a narrative, and makes it where nothing is.
 * @param file the file's name as the person gave it
 * @param bytes what is in it
 * @param folder the folder that the paths in it are relative to
 */
export async function checkNarrative({
  file,
  bytes,
  folder,
  advice,
}: ReadingOptions & {
  file: string;
  bytes: Uint8Array;
  folder: string;
}): Promise<LoadedNarrative> {
  const { text, ...read } = await readToml(bytes);
  if ('fault' in read) return { file, text, diagnostics: [read.fault] };
  const { narrative, faults } = await narrativeOf(read.table, folder);
  const allFaults = [...faults, ...narrativeShapeFaults(read.table)];
  if (advice && !allFaults.some(isError)) allFaults.push(...advice(read.table));
  const diagnostics = await diagnose(allFaults, text);
  return { file, text, ...(!diagnostics.some(isError) && { narrative }), diagnostics };
}

function isError({ severity }: Pick<Diagnostic, 'severity'>): boolean {
  return severity === 'error';
}
