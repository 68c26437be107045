import { setImmediate } from 'node:timers/promises';
import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';
import { loadAllowedFolder } from '../../cli/load-settings.js';
import { withAbortableOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { reportAnnotations } from '../../cli/report-diagnostics.js';
import { createWarn } from '../../cli/stderr.js';
import { readStdinNarrative } from '../../cli/stdin.js';
import { assertKnownVariables } from '../../cli/variables/assert-known-variables.js';
import { type GivenVariables, readGivenVariables, type VariableOptions } from '../../cli/variables/given-variables.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { typicalReplyTokens } from '../../facts/prices.js';
import { getErrorCode } from '../../narrative/invalid-narrative.js';
import { lintNarrative } from '../../narrative/lint/lint-narrative.js';
import {
  checkNarrative,
  type LoadedNarrative,
  type LoadNarrativeOptions,
  readNarrativeContent,
} from '../../narrative/load-narrative.js';
import { applyOverrides } from '../../narrative/narrative.js';
import type { NarrativeContent } from '../../narrative/parse/parse-narrative-files.js';
import type { LintOptions } from '../../narrative/parse/parsed-narrative-file.js';
import { formatDiagnostics } from '../../terminal/diagnostics/code-frame.js';
import { type Colors, createColors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { toPrintableLine } from '../../terminal/text/printable.js';
import { type Diagnostic, formatLocation } from '../../toml/diagnostic.js';
import type { Estimate } from './estimate-narrative.js';
import { findNarrativeFiles, type NarrativeFile, type UnreadableFile } from './narrative-files.js';
import { openRowsToCheck, type RowsToCheck } from './rows-to-check.js';

/** The options of `boticelli check`. */
export interface CheckOptions extends FormatOptions, VariableOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  /** The model of every act. */
  model?: string;
  /** Treat warnings as errors. */
  strict?: boolean;
  estimate?: boolean;
  /** The source of rows, whose columns and media are checked too. */
  each?: string;
  /** Let rows choose files in any folder. */
  allowOutside?: boolean;
}

/** The result of checking a file. It leaves out the narrative, to save memory: there may be thousands of files. */
interface CheckedFile {
  file: string;
  /** The number of acts; absent if the file has an error. */
  acts?: number;
  diagnostics: readonly Diagnostic[];
  /**
   * The diagnostics that no earlier file had. Only these are printed: every narrative that nests a file has the
   * diagnostics of that file too.
   */
  newDiagnostics: readonly Diagnostic[];
  estimate?: Estimate;
  /** The lines to print. */
  lines: string[];
}

/** `boticelli check`: prints the diagnostics of narratives on standard output. It needs neither a network nor a key. */
export function check(names: string[], options: CheckOptions, proc: CliProcess): Promise<void> {
  return withAbortableOutput(proc, async (output, signal) => {
    const given = await readGivenVariables(options);
    const { checked, variables } = await checkFiles(findNarrativeFiles(names), options, { proc, signal, given });
    await writeReport(options.format, output, {
      createDocument: () => ({ files: checked.map(toJson) }),
      renderLines: () => checked.flatMap(({ lines }) => lines),
    });
    if (options.format === 'text')
      for (const { file, newDiagnostics } of checked) reportAnnotations({ file, diagnostics: newDiagnostics }, proc);
    assertNoErrors(checked);
    if (options.strict) assertNoWarnings(checked);
    // Skipped after an abort, because a file that was not checked may use a variable that seems unknown.
    if (!signal.aborted) assertKnownVariables(given, variables, createWarn(proc, await createColors(proc.stderr)));
  });
}

/** Checks the files one by one until the signal aborts. `variables` are those that the checked files define or use. */
async function checkFiles(
  files: readonly NarrativeFile[],
  options: CheckOptions,
  { proc, signal, given }: { proc: CliProcess; signal: AbortSignal; given: GivenVariables },
): Promise<{ checked: CheckedFile[]; variables: ReadonlySet<string> }> {
  const colors = await createColors(proc.stdout);
  const addEstimate = options.estimate ? await createEstimateStep(options, proc, signal) : undefined;
  const lint: LintOptions['lint'] = (table, context) => lintNarrative(table, { ...context, model: options.model });
  // Undefined if narratives may read any file. Otherwise they may read only files in this folder: the folder chooses
  // both the API key and the address of the service, so the folder's author receives what is sent.
  const allowedFolder = await loadAllowedFolder(options, proc, await createColors(proc.stderr));
  const checkOptions = { vars: given.values, lint, confinement: allowedFolder, signal };
  const rows = options.each === undefined ? undefined : await openRowsToCheck(options.each, options, { proc, signal });
  const checked: CheckedFile[] = [];
  const reportedKeys = new Set<string>();
  const variables = new Set<string>();
  try {
    for (const [index, file] of files.entries()) {
      const content = await readContent(file, proc, signal);
      const loaded = 'problem' in content ? toLoadedNarrative(content) : await checkUntilAbort(content, checkOptions);
      if (!loaded) break;
      const checkedWithRows = rows ? await rows.check(loaded) : loaded;
      for (const name of checkedWithRows.variables ?? []) variables.add(name);
      const checkedFile = summarizeFile(checkedWithRows, colors, reportedKeys);
      checked.push(addEstimate ? await addEstimate(checkedWithRows, checkedFile, { colors, rows }) : checkedFile);
      // Reading and checking wait for no asynchronous I/O, so Node can handle signals only during this pause.
      if (index % 200 === 199) await setImmediate();
      if (signal.aborted) break;
    }
  } finally {
    rows?.close();
  }
  return { checked, variables };
}

/**
 * Checks a narrative. Returns undefined after an abort, so that the results of the files before this one are printed.
 */
async function checkUntilAbort(content: NarrativeContent, options: LoadNarrativeOptions) {
  try {
    return await checkNarrative(content, options);
  } catch (thrown) {
    if (options.signal?.aborted) return undefined;
    throw thrown;
  }
}

/**
 * Reads a file, or standard input for `-`. An unreadable file is returned with its problem, so the others are still
 * checked.
 */
async function readContent(
  found: NarrativeFile,
  proc: CliProcess,
  signal: AbortSignal,
): Promise<NarrativeContent | UnreadableFile> {
  if ('problem' in found) return found;
  const { file } = found;
  try {
    if (file !== '-') return readNarrativeContent(file);
    return await readStdinNarrative(proc, { signal, warn: createWarn(proc, await createColors(proc.stderr)) });
  } catch (thrown) {
    const { code, message } = toBoticelliError(thrown);
    if (code !== 'no_input') throw thrown;
    return { file, problem: message };
  }
}

function toLoadedNarrative({ file, problem }: UnreadableFile): LoadedNarrative {
  return { file, text: '', diagnostics: [{ severity: 'error', rule: 'unreadable', message: problem }] };
}

/** @param reportedKeys the keys of the diagnostics of earlier files; the function adds those of this file */
function summarizeFile(loaded: LoadedNarrative, colors: Colors, reportedKeys: Set<string>): CheckedFile {
  const { file, text, narrative, diagnostics } = loaded;
  const newDiagnostics = diagnostics.filter((diagnostic) => {
    const key = `${formatLocation(file, diagnostic)}${diagnostic.rule} ${diagnostic.message}`;
    return !reportedKeys.has(key) && reportedKeys.add(key);
  });
  const lines = formatDiagnostics(newDiagnostics, { file, text, colors });
  if (!narrative) {
    const hasOwnDiagnostics = diagnostics.some(({ source }) => source === undefined);
    const message = hasOwnDiagnostics ? 'errors listed above' : 'includes a narrative with errors, listed above';
    if (newDiagnostics.length === 0) lines.push(`${toPrintableLine(file)}: ${message}`);
    return { file, diagnostics, newDiagnostics, lines };
  }
  const acts = narrative.acts.length;
  const line = `${toPrintableLine(file)}: ok, ${formatCount(acts, 'act')}`;
  return { file, acts, diagnostics, newDiagnostics, lines: lines.concat(line) };
}

/** Creates the step that adds an estimate to the result of a file. */
async function createEstimateStep(options: CheckOptions, proc: CliProcess, signal: AbortSignal) {
  const [{ createEstimator }, { loadSettings }, { formatEstimate }] = await Promise.all([
    import('./estimate-narrative.js'),
    import('../../cli/load-settings.js'),
    import('../../terminal/reports/estimate-report.js'),
  ]);
  const colors = await createColors(proc.stderr);
  const warn = createWarn(proc, colors);
  const estimator = await createEstimator(await loadSettings(options, proc, colors), warn);
  return async (
    { narrative }: LoadedNarrative,
    checked: CheckedFile,
    { colors: stdoutColors, rows }: { colors: Colors; rows: RowsToCheck | undefined },
  ): Promise<CheckedFile> => {
    if (!narrative || signal.aborted) return checked;
    const { model } = options;
    const overridden = model === undefined ? narrative : applyOverrides(narrative, { model, parameters: {} });
    const estimate = await estimator(overridden, signal, rows?.read());
    const lines = [...checked.lines, ...formatEstimate(estimate, typicalReplyTokens, stdoutColors)];
    return { ...checked, estimate, lines };
  };
}

function toJson({ file, acts, diagnostics, estimate }: CheckedFile) {
  return {
    file,
    valid: acts !== undefined,
    diagnostics: diagnostics.map(({ location, source, ...rest }) => {
      return { ...rest, ...(source && { file: source.file }), ...location };
    }),
    ...(estimate && { estimate: estimateToJson(estimate) }),
  };
}

function estimateToJson({ blockedModel, ...estimate }: Estimate) {
  return {
    ...estimate,
    // `closed` is the first model whose daily quota would be used up before the run ends.
    ...(blockedModel && { closed: { ...blockedModel, until: new Date(blockedModel.until).toISOString() } }),
  };
}

function assertNoErrors(checked: readonly CheckedFile[]): void {
  const invalid = checked.filter(({ acts }) => acts === undefined);
  if (invalid.length === 0) return;
  const code = getErrorCode(invalid.flatMap(({ diagnostics }) => diagnostics));
  throw new BoticelliError(code, formatAffected(invalid, checked, 'errors'), { hint: 'Fix the errors above.' });
}

function assertNoWarnings(checked: readonly CheckedFile[]): void {
  const affected = checked.filter(({ diagnostics }) => diagnostics.length > 0);
  if (affected.length === 0) return;
  const message = `${formatAffected(affected, checked, 'warnings')}, and --strict treats them as errors`;
  throw new BoticelliError('invalid_narrative', message, { hint: 'Fix the warnings above.' });
}

/** Returns a clause such as `the narrative has errors` or `2 of 3 narratives have errors`. */
function formatAffected(affected: readonly CheckedFile[], all: readonly CheckedFile[], problems: string): string {
  if (all.length === 1) return `the narrative has ${problems}`;
  return `${affected.length} of ${all.length} narratives ${affected.length === 1 ? 'has' : 'have'} ${problems}`;
}
