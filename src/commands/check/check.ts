import { setImmediate } from 'node:timers/promises';
import type { Failure } from '../../cli/failure.js';
import type { SettingsFlagOptions } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { annotate } from '../../cli/report-diagnostics.js';
import { warningOn } from '../../cli/warnings.js';
import { writingUntilEnded } from '../../cli/with-output.js';
import { reportAs } from '../../cli/write-report.js';
import { asBoticelliError, BoticelliError } from '../../errors.js';
import { typicalReplyTokens } from '../../facts.js';
import type { LoadedNarrative } from '../../narrative/diagnostic.js';
import { adviceOn } from '../../narrative/lint/lint.js';
import { checkNarrative, codeOfFaults, contentOf, type NarrativeContent } from '../../narrative/load-narrative.js';
import { formatDiagnostics } from '../../terminal/diagnostics/code-frame.js';
import { type Paint, paintFor } from '../../terminal/text/colors.js';
import { counted } from '../../terminal/text/format.js';
import { printableLine } from '../../terminal/text/printable.js';
import { type Diagnostic, whereIs } from '../../toml/diagnostic.js';
import { contentOfStandardInput } from '../run/load-or-fail.js';
import type { Estimate } from './estimate.js';
import { type NarrativeFile, narrativeFiles, type UnreadableFile } from './narrative-files.js';
import { assertKnown } from './unknown-variables.js';

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
interface Checked {
  file: string;
  /** How many acts would play; absent where the file has an error. */
  acts?: number;
  diagnostics: readonly Diagnostic[];
  /** Those of them that were not told of a file before it: many may play the one that is at fault. */
  news: readonly Diagnostic[];
  estimate?: Estimate;
  /** The lines that show it. */
  lines: string[];
}

/** `boticelli check`: says on standard output what is wrong with narratives, without a network or a key. */
export function check(names: string[], options: CheckOptions, host: Host): Promise<Failure | undefined> {
  return writingUntilEnded(host, async (output, signal) => {
    const { checked, variables } = await checkAll(narrativeFiles(names), options, { host, signal });
    await reportAs(options.format, output, {
      document: () => ({ files: checked.map(asJson) }),
      lines: () => checked.flatMap(({ lines }) => lines),
    });
    if (options.format === 'text') for (const { file, news } of checked) annotate({ file, diagnostics: news }, host);
    const failure = failureOf(checked, options);
    // Of files that were not read any more nobody knows what they use.
    if (!failure && !signal.aborted) assertKnown(options.var ?? new Map(), variables, checked.length);
    return failure;
  });
}

/** Checks one file after the other, until the signal aborts. `variables` are those that they define or use. */
async function checkAll(
  files: readonly NarrativeFile[],
  options: CheckOptions,
  { host, signal }: { host: Host; signal: AbortSignal },
): Promise<{ checked: Checked[]; variables: ReadonlySet<string> }> {
  const paint = await paintFor(host.stdout);
  const estimated = options.estimate ? await estimating(options, host, signal) : undefined;
  const reading = { vars: options.var ?? new Map(), advice: adviceOn };
  const checked: Checked[] = [];
  const told = new Set<string>();
  const variables = new Set<string>();
  for (const [at, named] of files.entries()) {
    const content = isStandardInput(named) ? await readStandardInput(host, signal) : readFile(named);
    const loaded = 'problem' in content ? unreadable(content) : await checkNarrative(content, reading);
    for (const name of loaded.variables ?? []) variables.add(name);
    const plain = shown(loaded, paint, told);
    checked.push(estimated ? await estimated(loaded, plain, paint) : plain);
    // Reading and judging leave Node no time to hear of a signal, unless it is given some.
    if (at % 200 === 199) await setImmediate();
    if (signal.aborted) break;
  }
  return { checked, variables };
}

/** A folder that is called so and can't be read is none. */
function isStandardInput(named: NarrativeFile): boolean {
  return named.file === '-' && !('problem' in named);
}

function readFile(named: NarrativeFile): NarrativeContent | UnreadableFile {
  try {
    return 'problem' in named ? named : contentOf(named.file);
  } catch (thrown) {
    return problemOf(thrown, named.file);
  }
}

async function readStandardInput(host: Host, signal: AbortSignal): Promise<NarrativeContent | UnreadableFile> {
  return contentOfStandardInput(host, signal).catch((thrown) => problemOf(thrown, '-'));
}

/** One file that can't be read is no reason to say nothing of the others. */
function problemOf(thrown: unknown, file: string): UnreadableFile {
  const { code, message } = asBoticelliError(thrown);
  if (code !== 'no_input') throw thrown;
  return { file, problem: message };
}

function unreadable({ file, problem }: UnreadableFile): LoadedNarrative {
  return { file, text: '', diagnostics: [{ severity: 'error', rule: 'unreadable', message: problem }] };
}

function shown({ file, text, narrative, diagnostics }: LoadedNarrative, paint: Paint, told: Set<string>): Checked {
  const news = diagnostics.filter((diagnostic) => {
    const fault = `${whereIs(file, diagnostic)}${diagnostic.rule} ${diagnostic.message}`;
    return !told.has(fault) && told.add(fault);
  });
  const lines = formatDiagnostics(news, { file, text, paint });
  if (!narrative) {
    const isItsOwn = diagnostics.some(({ source }) => source === undefined);
    const words = isItsOwn ? 'its errors are told above' : 'plays a narrative with errors, told above';
    if (news.length === 0) lines.push(`${printableLine(file)}: ${words}`);
    return { file, diagnostics, news, lines };
  }
  const acts = narrative.acts.length;
  const line = `${printableLine(file)}: ok, ${counted(acts, 'act')}`;
  return { file, acts, diagnostics, news, lines: lines.concat(line) };
}

/** Adds to what is shown of a narrative what playing it will take. */
async function estimating(options: CheckOptions, host: Host, signal: AbortSignal) {
  const [{ openEstimator }, { readSettings }, { estimateLines }] = await Promise.all([
    import('./estimate.js'),
    import('../../cli/load-settings.js'),
    import('../../terminal/reports/estimate.js'),
  ]);
  const paint = await paintFor(host.stderr);
  const warn = warningOn(host, paint);
  const estimate = await openEstimator(await readSettings(options, host, paint), warn);
  return async ({ narrative }: LoadedNarrative, checked: Checked, stdout: Paint): Promise<Checked> => {
    if (!narrative || signal.aborted) return checked;
    const found = await estimate(narrative, signal);
    const lines = [...checked.lines, ...estimateLines(found, typicalReplyTokens, stdout)];
    return { ...checked, estimate: found, lines };
  };
}

function asJson({ file, acts, diagnostics, estimate }: Checked) {
  return {
    file,
    valid: acts !== undefined,
    diagnostics: diagnostics.map(({ place, source, ...rest }) => ({
      ...rest,
      ...(source && { file: source.file }),
      ...place,
    })),
    ...(estimate && { estimate: asJsonEstimate(estimate) }),
  };
}

function asJsonEstimate({ closed, ...estimate }: Estimate) {
  return { ...estimate, ...(closed && { closed: { ...closed, until: new Date(closed.until).toISOString() } }) };
}

function failureOf(checked: readonly Checked[], { strict = false }: CheckOptions): Failure | undefined {
  const faulty = checked.filter(({ acts }) => acts === undefined);
  if (faulty.length > 0) {
    const code = codeOfFaults(faulty.flatMap(({ diagnostics }) => diagnostics));
    const message = `${whichOf(faulty, checked)} can't be played`;
    return { error: new BoticelliError(code, message, { hint: 'Mend what is marked above.' }) };
  }
  const warned = checked.filter(({ diagnostics }) => diagnostics.length > 0);
  if (!strict || warned.length === 0) return undefined;
  const message = `${whichOf(warned, checked)} ${warned.length === 1 ? 'has' : 'have'} warnings, and --strict counts them`;
  return { error: new BoticelliError('invalid_narrative', message, { hint: 'Mend what is marked above.' }) };
}

function whichOf(some: readonly Checked[], all: readonly Checked[]): string {
  return all.length === 1 ? 'the narrative' : `${some.length} of ${all.length} narratives`;
}
