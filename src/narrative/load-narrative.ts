import { dirname } from 'node:path';
import { BoticelliError } from '../errors.js';
import { diagnose } from '../toml/diagnose.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import { type FileProblem, readRegularFile } from '../toml/regular-file.js';
import { checkFilledMedia } from './check-filled-media.js';
import type { OpenVariable } from './check-references.js';
import type { Advising, ComposedFile } from './composed-file.js';
import { mostBytes, readComposition } from './composition.js';
import type { LoadedNarrative } from './diagnostic.js';
import { InvalidNarrative } from './invalid-narrative.js';
import type { Narrative } from './narrative.js';

export { mostBytes } from './composition.js';
export { codeOfFaults, InvalidNarrative } from './invalid-narrative.js';

/** How a narrative is to be read. */
export interface ReadOptions extends Advising {
  /** Values of variables, by name. They beat those of the file. */
  vars?: ReadonlyMap<string, string>;
}

/**
 * Reads a narrative file and those that it plays. Throws InvalidNarrative if they have faults, and `no_input` if the
 * file can't be read.
 */
export async function loadNarrative(file: string, options?: ReadOptions): Promise<Narrative> {
  const { narrative, diagnostics } = await readNarrative(file, options);
  if (!narrative) throw new InvalidNarrative(file, diagnostics);
  return narrative;
}

/** Reads a narrative file and tells everything there is to say about it. Throws `no_input` if it can't be read. */
export async function readNarrative(file: string, options?: ReadOptions): Promise<LoadedNarrative> {
  const content = readRegularFile(file, mostBytes);
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

/** A narrative file's content. */
export interface NarrativeContent extends ReadOptions {
  /** The file's name as the person gave it. */
  file: string;
  bytes: Uint8Array;
  /** The folder that the paths in it are relative to. */
  folder: string;
  /** Whether it was read from standard input, so that `{{stdin}}` has nothing left to stand for. Default false. */
  isFromStdin?: boolean;
}

/** Says what is wrong with a narrative and those that it plays, and makes it where nothing is. */
export async function checkNarrative(content: NarrativeContent): Promise<LoadedNarrative> {
  const { vars = new Map() } = content;
  const files = await readComposition(content);
  const [root] = files as [ComposedFile];
  await checkFilledMedia(root, vars);
  const { file, text, narrative, variables } = root;
  const isOpen = (variable: OpenVariable) => root.open.has(variable) && !vars.has(variable.name);
  const diagnostics: Diagnostic[] = [];
  for (const read of files) {
    const found = await diagnosticsOf(read, isOpen);
    const source = read === root ? {} : { source: { file: read.file, text: read.text } };
    for (const diagnostic of found) diagnostics.push({ ...diagnostic, ...source });
  }
  const isWhole = narrative !== undefined && !diagnostics.some(isError);
  return { file, text, ...(isWhole && { narrative: withVars(narrative, vars) }), variables, diagnostics };
}

async function diagnosticsOf(
  { text, faults, unreadable, undefinedVariables }: ComposedFile,
  isOpen: (variable: OpenVariable) => boolean,
): Promise<Diagnostic[]> {
  if (unreadable) return [unreadable];
  // Here, in checkFilledMedia and in checkContexts the common case leaves early: 3% of `check` of a folder (2026-11).
  if (faults.length + undefinedVariables.length === 0) return [];
  return diagnose([...faults, ...undefinedVariables.filter(isOpen).map(({ fault }) => fault)], text);
}

/** The given values beat those of the file. */
function withVars(narrative: Narrative, given: ReadonlyMap<string, string>): Narrative {
  return given.size === 0 ? narrative : { ...narrative, vars: new Map([...(narrative.vars ?? []), ...given]) };
}

function isError({ severity }: Pick<Diagnostic, 'severity'>): boolean {
  return severity === 'error';
}
