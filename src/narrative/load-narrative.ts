import { dirname } from 'node:path';
import { BoticelliError } from '../errors.js';
import { createDiagnostics } from '../toml/create-diagnostics.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Problem } from '../toml/problem.js';
import { abortable } from '../util/abortable.js';
import { isWithinFolder } from '../util/folder-boundary.js';
import { type FileError, readRegularFile } from '../util/read-regular-file.js';
import { findOutsideProblem } from './allowed-folder.js';
import { checkMediaTemplates } from './check/check-media-templates.js';
import type { UndefinedVariable } from './check/check-references.js';
import { InvalidNarrative } from './invalid-narrative.js';
import type { AllowedFolder, Narrative } from './narrative.js';
import {
  maxNarrativeBytes,
  type NarrativeContent,
  type ParseOptions,
  parseNarrativeFiles,
} from './parse/parse-narrative-files.js';
import type { ParsedNarrativeFile } from './parse/parsed-narrative-file.js';

/** The result of reading a file: all diagnostics, and the narrative if none of them is an error. */
export interface LoadedNarrative {
  /** The file's name as the user gave it; `<stdin>` for `-`. */
  file: string;
  /** The file's text, for code frames. Empty if the file is not a narrative. */
  text: string;
  narrative?: Narrative;
  /** The variables that this or a nested narrative defines or uses. Absent if the file must not be read. */
  variables?: ReadonlySet<string>;
  /** The diagnostics in the order of the file, then those of nested narratives, with their `source`. */
  diagnostics: readonly Diagnostic[];
}

/** Options for reading a narrative. */
export interface LoadNarrativeOptions extends ParseOptions {
  /** Values of variables, by name. They take precedence over the file. */
  vars?: ReadonlyMap<string, string>;
  /** Aborting ends reading with the signal's reason, for example while a large file is hashed. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a narrative file and its nested narratives.
 *
 * @throws InvalidNarrative if one of them has an error; BoticelliError `no_input` if the file can't be read
 */
export async function loadNarrative(file: string, options?: LoadNarrativeOptions): Promise<Narrative> {
  const { narrative, diagnostics } = await checkNarrativeFile(file, options);
  if (!narrative) throw new InvalidNarrative(file, diagnostics);
  return narrative;
}

/**
 * Reads and checks a narrative file and its nested narratives.
 *
 * @throws BoticelliError `no_input` if the file can't be read
 */
export async function checkNarrativeFile(file: string, options?: LoadNarrativeOptions): Promise<LoadedNarrative> {
  return checkNarrative(readNarrativeContent(file), options);
}

/**
 * Reads the bytes of a narrative file without checking them.
 *
 * @throws BoticelliError `no_input` if it can't be read
 */
export function readNarrativeContent(file: string): NarrativeContent {
  const content = readRegularFile(file, maxNarrativeBytes);
  if (content.ok) return { file, bytes: content.bytes, folder: dirname(file) };
  const { reason, message } = content.problem;
  throw new BoticelliError('no_input', `${file} ${message}`, { hint: hintsByReason[reason] });
}

const hintsByReason: Record<FileError['reason'], string> = {
  missing: 'Check the path. It is relative to the current folder.',
  folder: 'Give the path of a narrative file in it.',
  special: 'To read a narrative from a pipe, use `-` as the file.',
  denied: 'Check the permissions of the file.',
  'too-large': 'Check that this is the narrative you meant.',
  unreadable: 'Check the file and its disk.',
};

/** Checks a narrative and its nested narratives. */
export async function checkNarrative(
  content: NarrativeContent,
  options: LoadNarrativeOptions = {},
): Promise<LoadedNarrative> {
  const { vars = new Map<string, string>(), confinement: allowedFolder, signal } = options;
  const outsideProblem = explainLinkOutside(content, allowedFolder);
  if (outsideProblem !== undefined) return createUnreadNarrative(content.file, outsideProblem);
  const parsed = parseNarrativeFiles(content, options);
  // The `pending` tasks read media, text files and schemas. Most files have no such tasks. Awaiting only when needed,
  // here and below, saves 7% of the time of `check` with a folder (measured 2026-11).
  for (const task of parsed.pending) await abortable(task(), signal);
  const files = parsed.finish();
  const [root] = files as [ParsedNarrativeFile];
  if (files.some(({ mediaTemplates }) => mediaTemplates.length > 0)) {
    await abortable(checkMediaTemplates(root, vars), signal);
  }
  const { file, narrative, variables } = root;
  // The `undefinedVariables` of a file are the variables that the file uses and does not define. A narrative that nests
  // the file, or a value in `vars`, may define them. A variable is unresolved if nothing defines it.
  const isUnresolved = (variable: UndefinedVariable) =>
    root.unresolvedVariables.has(variable) && !vars.has(variable.name);
  const diagnostics: Diagnostic[] = [];
  for (const parsedFile of files) {
    const { parseDiagnostic } = parsedFile;
    const problems = collectProblems(parsedFile, isUnresolved);
    const source = parsedFile === root ? {} : { source: { file: parsedFile.file, text: getShownText(parsedFile) } };
    if (parseDiagnostic) diagnostics.push({ ...parseDiagnostic, ...source });
    if (problems.length === 0) continue;
    const fileDiagnostics = await createDiagnostics(problems, parsedFile.text);
    for (const diagnostic of fileDiagnostics) diagnostics.push({ ...source, ...diagnostic });
  }
  const text = diagnostics.length === 0 ? root.text : getShownText(root);
  const loaded: LoadedNarrative = { file, text, variables, diagnostics };
  if (narrative && !diagnostics.some(({ severity }) => severity === 'error'))
    loaded.narrative =
      vars.size === 0 ? narrative : { ...narrative, vars: new Map([...(narrative.vars ?? []), ...vars]) };
  return loaded;
}

/**
 * Returns why a narrative must not be read: its path is in the allowed folder, but is a link that leads out of this
 * folder. Returns undefined for any other path. A path outside of the folder is allowed, because the user named it.
 */
function explainLinkOutside(
  { file, isFromStdin }: NarrativeContent,
  allowedFolder: AllowedFolder | undefined,
): string | undefined {
  if (!allowedFolder || isFromStdin || !isWithinFolder(dirname(file), allowedFolder.folder)) return undefined;
  return findOutsideProblem(file, file, allowedFolder);
}

function createUnreadNarrative(file: string, message: string): LoadedNarrative {
  return { file, text: '', diagnostics: [{ severity: 'error', rule: 'outside-folder', message }] };
}

/**
 * Matches a line that only a narrative has: the header of one of its tables, or a dotted key. `narration` is an older
 * name of the table `[narrative]`.
 */
const narrativeLine =
  /^\s*\[*\s*["']?(?:narrative|narration|toc|acts)["']?\s*[.\]=]|^\s*\[(?:narrative|narration|toc|acts)\b/m;

/**
 * Returns the text that code frames may show. It is empty for a file that is not a narrative: a wrong name or a link
 * may lead to a file with secrets, and the output of `check` is often stored, for example by CI.
 */
function getShownText({ text }: ParsedNarrativeFile): string {
  return narrativeLine.test(text) ? text : '';
}

function collectProblems(
  { problems, undefinedVariables }: ParsedNarrativeFile,
  isUnresolved: (variable: UndefinedVariable) => boolean,
): readonly Problem[] {
  const unresolved = undefinedVariables.filter(isUnresolved);
  if (unresolved.length === 0) return problems;
  // If a variable is misspelt where it is used, its definition looks unused. Only the misspelling is reported.
  return [...problems.filter(({ rule }) => rule !== 'unused-var'), ...unresolved.map(({ problem }) => problem)];
}
