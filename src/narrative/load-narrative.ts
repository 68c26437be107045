import { dirname } from 'node:path';
import { BoticelliError } from '../errors.js';
import { createDiagnostics } from '../toml/create-diagnostics.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { Problem } from '../toml/problem.js';
import { type FileError, readRegularFile } from '../util/read-regular-file.js';
import { checkMediaTemplates, hasMediaTemplates } from './check/check-media-templates.js';
import type { UndefinedVariable } from './check/check-references.js';
import { InvalidNarrative } from './invalid-narrative.js';
import type { LoadedNarrative } from './loaded-narrative.js';
import type { Narrative } from './narrative.js';
import { maxNarrativeBytes, type NarrativeContent, parseNarrativeFiles } from './parse/parse-narrative-files.js';
import type { LintOptions, ParsedNarrativeFile } from './parse/parsed-narrative-file.js';

export { getErrorCode as codeOfFaults, InvalidNarrative } from './invalid-narrative.js';
export { maxNarrativeBytes as mostBytes, type NarrativeContent } from './parse/parse-narrative-files.js';

/** How a narrative is to be read. */
export interface LoadNarrativeOptions extends LintOptions {
  /** Values of variables, by name. They beat those of the file. */
  vars?: ReadonlyMap<string, string>;
}

/**
 * Reads a narrative file and those that it plays. Throws InvalidNarrative if they have faults, and `no_input` if the
 * file can't be read.
 */
export async function loadNarrative(file: string, options?: LoadNarrativeOptions): Promise<Narrative> {
  const { narrative, diagnostics } = await checkNarrativeFile(file, options);
  if (!narrative) throw new InvalidNarrative(file, diagnostics);
  return narrative;
}

/** Reads a narrative file and tells everything there is to say about it. Rejects with `no_input` if it can't be read. */
export async function checkNarrativeFile(file: string, options?: LoadNarrativeOptions): Promise<LoadedNarrative> {
  return checkNarrative(readNarrativeContent(file), options);
}

/** Reads a narrative file, and judges nothing. Throws `no_input` if it can't be read. */
export function readNarrativeContent(file: string): NarrativeContent {
  const content = readRegularFile(file, maxNarrativeBytes);
  if ('bytes' in content) return { file, bytes: content.bytes, folder: dirname(file) };
  const { reason, message } = content.problem;
  throw new BoticelliError('no_input', `${file} ${message}`, { hint: hintsByReason[reason] });
}

const hintsByReason: Record<FileError['reason'], string> = {
  missing: 'Check the name, and the folder that it is relative to.',
  folder: 'Name a narrative file in it.',
  special: 'To read a narrative from a pipe, give `-` as the file.',
  denied: 'Check who may read it.',
  'too-large': 'Is it the narrative that you meant to name?',
  unreadable: 'Check the file and the disk that it is on.',
};

/** Says what is wrong with a narrative and those that it plays, and makes it where nothing is. */
export async function checkNarrative(
  content: NarrativeContent,
  options: LoadNarrativeOptions = {},
): Promise<LoadedNarrative> {
  const { vars = new Map() } = options;
  const parsed = parseNarrativeFiles(content, options);
  // One after the other. Most files have none: who waits for nothing, here and below, saves 7% of `check` of a folder (2026-11).
  for (const task of parsed.pending) await task();
  const files = parsed.finish();
  const [root] = files as [ParsedNarrativeFile];
  if (hasMediaTemplates(files)) await checkMediaTemplates(root, vars);
  const { file, text, narrative, variables } = root;
  const isUnresolved = (variable: UndefinedVariable) =>
    root.unresolvedVariables.has(variable) && !vars.has(variable.name);
  const diagnostics: Diagnostic[] = [];
  for (const parsedFile of files) {
    const problems = collectProblems(parsedFile, isUnresolved);
    const fileDiagnostics = parsedFile.parseDiagnostic
      ? [parsedFile.parseDiagnostic]
      : problems.length > 0
        ? await createDiagnostics(problems, parsedFile.text)
        : [];
    const source = parsedFile === root ? {} : { source: { file: parsedFile.file, text: parsedFile.text } };
    for (const diagnostic of fileDiagnostics) diagnostics.push({ ...diagnostic, ...source });
  }
  const loaded: LoadedNarrative = { file, text, variables, diagnostics };
  if (narrative && !diagnostics.some(isError)) loaded.narrative = applyVars(narrative, vars);
  return loaded;
}

function collectProblems(
  { problems, undefinedVariables }: ParsedNarrativeFile,
  isUnresolved: (variable: UndefinedVariable) => boolean,
): readonly Problem[] {
  const unresolved = undefinedVariables.filter(isUnresolved);
  if (unresolved.length === 0) return problems;
  // That nothing uses the variable whose name was misspelt is no news.
  return [...problems.filter(({ rule }) => rule !== 'unused-var'), ...unresolved.map(({ problem }) => problem)];
}

/** The given values beat those of the file. */
function applyVars(narrative: Narrative, overrides: ReadonlyMap<string, string>): Narrative {
  return overrides.size === 0 ? narrative : { ...narrative, vars: new Map([...(narrative.vars ?? []), ...overrides]) };
}

function isError({ severity }: Pick<Diagnostic, 'severity'>): boolean {
  return severity === 'error';
}
