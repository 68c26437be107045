import { dirname } from 'node:path';
import { BoticelliError } from '../errors.js';
import { diagnose } from '../toml/diagnose.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Fault } from '../toml/fault.js';
import { type FileProblem, readRegularFile } from '../util/read-regular-file.js';
import { checkFilledMedia, hasFilledMedia } from './check/check-filled-media.js';
import type { OpenVariable } from './check/check-references.js';
import type { LoadedNarrative } from './diagnostic.js';
import { InvalidNarrative } from './invalid-narrative.js';
import type { Narrative } from './narrative.js';
import type { Advising, ComposedFile } from './parse/composed-file.js';
import { draftComposition, mostBytes, type NarrativeContent } from './parse/composition.js';

export { codeOfFaults, InvalidNarrative } from './invalid-narrative.js';
export { mostBytes, type NarrativeContent } from './parse/composition.js';

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

/** Reads a narrative file and tells everything there is to say about it. Rejects with `no_input` if it can't be read. */
export async function readNarrative(file: string, options?: ReadOptions): Promise<LoadedNarrative> {
  return checkNarrative(contentOf(file), options);
}

/** Reads a narrative file, and judges nothing. Throws `no_input` if it can't be read. */
export function contentOf(file: string): NarrativeContent {
  const content = readRegularFile(file, mostBytes);
  if ('bytes' in content) return { file, bytes: content.bytes, folder: dirname(file) };
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

/** Says what is wrong with a narrative and those that it plays, and makes it where nothing is. */
export async function checkNarrative(content: NarrativeContent, options: ReadOptions = {}): Promise<LoadedNarrative> {
  const { vars = new Map() } = options;
  const draft = draftComposition(content, options);
  // One after the other. Most files have none: who waits for nothing, here and below, saves 7% of `check` of a folder (2026-11).
  for (const task of draft.pending) await task();
  const files = draft.finish();
  const [root] = files as [ComposedFile];
  if (hasFilledMedia(files)) await checkFilledMedia(root, vars);
  const { file, text, narrative, variables } = root;
  const isOpen = (variable: OpenVariable) => root.open.has(variable) && !vars.has(variable.name);
  const diagnostics: Diagnostic[] = [];
  for (const read of files) {
    const faults = faultsOf(read, isOpen);
    const found = read.unreadable ? [read.unreadable] : faults.length > 0 ? await diagnose(faults, read.text) : [];
    const source = read === root ? {} : { source: { file: read.file, text: read.text } };
    for (const diagnostic of found) diagnostics.push({ ...diagnostic, ...source });
  }
  const loaded: LoadedNarrative = { file, text, variables, diagnostics };
  if (narrative && !diagnostics.some(isError)) loaded.narrative = withVars(narrative, vars);
  return loaded;
}

function faultsOf(
  { faults, undefinedVariables }: ComposedFile,
  isOpen: (variable: OpenVariable) => boolean,
): readonly Fault[] {
  const undefinedOnes = undefinedVariables.filter(isOpen);
  if (undefinedOnes.length === 0) return faults;
  // That nothing uses the variable whose name was misspelt is no news.
  return [...faults.filter(({ rule }) => rule !== 'unused-var'), ...undefinedOnes.map(({ fault }) => fault)];
}

/** The given values beat those of the file. */
function withVars(narrative: Narrative, given: ReadonlyMap<string, string>): Narrative {
  return given.size === 0 ? narrative : { ...narrative, vars: new Map([...(narrative.vars ?? []), ...given]) };
}

function isError({ severity }: Pick<Diagnostic, 'severity'>): boolean {
  return severity === 'error';
}
