import { setImmediate } from 'node:timers/promises';
import type { Failure } from '../../cli/failure.js';
import type { SettingsFlagOptions } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { reportAnnotations } from '../../cli/report-diagnostics.js';
import { createWarn } from '../../cli/warnings.js';
import { withAbortableOutput } from '../../cli/with-output.js';
import { writeReport } from '../../cli/write-report.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { typicalReplyTokens } from '../../facts/prices.js';
import { lintNarrative } from '../../narrative/lint/lint-narrative.js';
import {
  checkNarrative,
  codeOfFaults,
  type NarrativeContent,
  readNarrativeContent,
} from '../../narrative/load-narrative.js';
import type { LoadedNarrative } from '../../narrative/loaded-narrative.js';
import { formatDiagnostics } from '../../terminal/diagnostics/code-frame.js';
import { type Colors, createColors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { toPrintableLine } from '../../terminal/text/printable.js';
import { type Diagnostic, formatLocation } from '../../toml/diagnostic.js';
import { readStdinContent } from '../run/load-valid-narrative.js';
import { assertKnownVariables } from './assert-known-variables.js';
import type { Estimate } from './estimate-narrative.js';
import { findNarrativeFiles, type NarrativeFile, type UnreadableFile } from './narrative-files.js';

/** The flags of `boticelli check`. */
export interface CheckOptions extends SettingsFlagOptions {
  format: 'text' | 'json';
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  /** Warnings count as errors do. */
  strict?: boolean;
  /** Say what playing them will take, too. */
  estimate?: boolean;
}

/** What there is to say of a file. The narrative itself is let go of: there may be thousands. */
interface CheckedFile {
  file: string;
  /** How many acts would play; absent where the file has an error. */
  acts?: number;
  diagnostics: readonly Diagnostic[];
  /** Those of them that were not told of a file before it: many may play the one that is at fault. */
  newDiagnostics: readonly Diagnostic[];
  estimate?: Estimate;
  /** The lines that show it. */
  lines: string[];
}

/** `boticelli check`: says on standard output what is wrong with narratives, without a network or a key. */
export function check(names: string[], options: CheckOptions, proc: CliProcess): Promise<Failure | undefined> {
  return withAbortableOutput(proc, async (output, signal) => {
    const { checked, variables } = await checkFiles(findNarrativeFiles(names), options, { proc, signal });
    await writeReport(options.format, output, {
      createDocument: () => ({ files: checked.map(toJson) }),
      renderLines: () => checked.flatMap(({ lines }) => lines),
    });
    if (options.format === 'text')
      for (const { file, newDiagnostics } of checked) reportAnnotations({ file, diagnostics: newDiagnostics }, proc);
    const failure = findFailure(checked, options);
    // Of files that were not read any more nobody knows what they use.
    if (!failure && !signal.aborted) assertKnownVariables(options.var ?? new Map(), variables, checked.length);
    return failure;
  });
}

/** Checks one file after the other, until the signal aborts. `variables` are those that they define or use. */
async function checkFiles(
  files: readonly NarrativeFile[],
  options: CheckOptions,
  { proc, signal }: { proc: CliProcess; signal: AbortSignal },
): Promise<{ checked: CheckedFile[]; variables: ReadonlySet<string> }> {
  const colors = await createColors(proc.stdout);
  const addEstimate = options.estimate ? await createEstimateStep(options, proc, signal) : undefined;
  const checkOptions = { vars: options.var ?? new Map(), lint: lintNarrative };
  const checked: CheckedFile[] = [];
  const reportedKeys = new Set<string>();
  const variables = new Set<string>();
  for (const [index, narrativeFile] of files.entries()) {
    const content = isStdin(narrativeFile) ? await readStdinOrProblem(proc, signal) : readFileOrProblem(narrativeFile);
    const loaded = 'problem' in content ? toLoadedNarrative(content) : await checkNarrative(content, checkOptions);
    for (const name of loaded.variables ?? []) variables.add(name);
    const checkedFile = summarizeFile(loaded, colors, reportedKeys);
    checked.push(addEstimate ? await addEstimate(loaded, checkedFile, colors) : checkedFile);
    // Reading and judging leave Node no time to hear of a signal, unless it is given some.
    if (index % 200 === 199) await setImmediate();
    if (signal.aborted) break;
  }
  return { checked, variables };
}

/** A folder that is called so and can't be read is none. */
function isStdin(narrativeFile: NarrativeFile): boolean {
  return narrativeFile.file === '-' && !('problem' in narrativeFile);
}

function readFileOrProblem(narrativeFile: NarrativeFile): NarrativeContent | UnreadableFile {
  try {
    return 'problem' in narrativeFile ? narrativeFile : readNarrativeContent(narrativeFile.file);
  } catch (thrown) {
    return toUnreadableFile(thrown, narrativeFile.file);
  }
}

async function readStdinOrProblem(proc: CliProcess, signal: AbortSignal): Promise<NarrativeContent | UnreadableFile> {
  return readStdinContent(proc, signal).catch((thrown) => toUnreadableFile(thrown, '-'));
}

/** One file that can't be read is no reason to say nothing of the others. */
function toUnreadableFile(thrown: unknown, file: string): UnreadableFile {
  const { code, message } = toBoticelliError(thrown);
  if (code !== 'no_input') throw thrown;
  return { file, problem: message };
}

function toLoadedNarrative({ file, problem }: UnreadableFile): LoadedNarrative {
  return { file, text: '', diagnostics: [{ severity: 'error', rule: 'unreadable', message: problem }] };
}

function summarizeFile(
  { file, text, narrative, diagnostics }: LoadedNarrative,
  colors: Colors,
  reportedKeys: Set<string>,
): CheckedFile {
  const newDiagnostics = diagnostics.filter((diagnostic) => {
    const key = `${formatLocation(file, diagnostic)}${diagnostic.rule} ${diagnostic.message}`;
    return !reportedKeys.has(key) && reportedKeys.add(key);
  });
  const lines = formatDiagnostics(newDiagnostics, { file, text, colors });
  if (!narrative) {
    const hasOwnDiagnostics = diagnostics.some(({ source }) => source === undefined);
    const message = hasOwnDiagnostics ? 'its errors are told above' : 'plays a narrative with errors, told above';
    if (newDiagnostics.length === 0) lines.push(`${toPrintableLine(file)}: ${message}`);
    return { file, diagnostics, newDiagnostics, lines };
  }
  const acts = narrative.acts.length;
  const line = `${toPrintableLine(file)}: ok, ${formatCount(acts, 'act')}`;
  return { file, acts, diagnostics, newDiagnostics, lines: lines.concat(line) };
}

/** Adds to what is shown of a narrative what playing it will take. */
async function createEstimateStep(options: CheckOptions, proc: CliProcess, signal: AbortSignal) {
  const [{ createEstimator }, { loadSettings }, { formatEstimate: estimateLines }] = await Promise.all([
    import('./estimate-narrative.js'),
    import('../../cli/load-settings.js'),
    import('../../terminal/reports/estimate-report.js'),
  ]);
  const colors = await createColors(proc.stderr);
  const warn = createWarn(proc, colors);
  const estimator = await createEstimator(await loadSettings(options, proc, colors), warn);
  return async ({ narrative }: LoadedNarrative, checked: CheckedFile, stdout: Colors): Promise<CheckedFile> => {
    if (!narrative || signal.aborted) return checked;
    const estimate = await estimator(narrative, signal);
    const lines = [...checked.lines, ...estimateLines(estimate, typicalReplyTokens, stdout)];
    return { ...checked, estimate, lines };
  };
}

function toJson({ file, acts, diagnostics, estimate }: CheckedFile) {
  return {
    file,
    valid: acts !== undefined,
    diagnostics: diagnostics.map(({ location, source, ...rest }) => ({
      ...rest,
      ...(source && { file: source.file }),
      ...location,
    })),
    ...(estimate && { estimate: estimateToJson(estimate) }),
  };
}

function estimateToJson({ closed, ...estimate }: Estimate) {
  return { ...estimate, ...(closed && { closed: { ...closed, until: new Date(closed.until).toISOString() } }) };
}

function findFailure(checked: readonly CheckedFile[], { strict = false }: CheckOptions): Failure | undefined {
  const invalidFiles = checked.filter(({ acts }) => acts === undefined);
  if (invalidFiles.length > 0) {
    const code = codeOfFaults(invalidFiles.flatMap(({ diagnostics }) => diagnostics));
    const message = `${formatSubject(invalidFiles, checked)} can't be played`;
    return { error: new BoticelliError(code, message, { hint: 'Mend what is marked above.' }) };
  }
  const filesWithWarnings = checked.filter(({ diagnostics }) => diagnostics.length > 0);
  if (!strict || filesWithWarnings.length === 0) return undefined;
  const message = `${formatSubject(filesWithWarnings, checked)} ${filesWithWarnings.length === 1 ? 'has' : 'have'} warnings, and --strict counts them`;
  return { error: new BoticelliError('invalid_narrative', message, { hint: 'Mend what is marked above.' }) };
}

function formatSubject(affected: readonly CheckedFile[], all: readonly CheckedFile[]): string {
  return all.length === 1 ? 'the narrative' : `${affected.length} of ${all.length} narratives`;
}
