import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import type { Database } from '../../database/open.js';
import { BoticelliError } from '../../errors.js';
import { compareWords, countWords } from '../../store/recordings/word-diff.js';
import { listActs, listRowRuns, listRuns } from '../../store/runs/read-runs.js';
import type { RecordedAct, RecordedRun } from '../../store/runs/recorded-run.js';
import { stringifyJson } from '../../terminal/replies/json.js';
import type { ComparedAct, ComparedRun, Comparison, ReplyDifference } from '../../terminal/reports/compare-report.js';
import { hasRowRuns } from '../../terminal/reports/row-runs.js';
import { createColors } from '../../terminal/text/colors.js';
import { toPrintable } from '../../terminal/text/printable.js';
import { findRun } from './find-run.js';
import { withRunHistory } from './run-history.js';

/** The options of `boticelli runs compare`. */
export interface CompareOptions {
  format: 'text' | 'json' | 'markdown';
}

/** The maximum number of runs. A table with more columns is too wide to read. */
const maxRuns = 12;

/** How much of a reply is compared, in UTF-16 units. A reply may have megabytes. */
const maxComparedChars = 100_000;

/** Replies that differ in more words than this have too little in common: their changed words are not counted. */
const maxEditLength = 3000;

/** A run with its acts, and the letter that stands for it. */
interface LabelledRun {
  label: string;
  run: RecordedRun;
  acts: readonly RecordedAct[];
}

/** `boticelli runs compare`: prints runs side by side, act by act. */
export function compareRuns(ids: readonly string[], { format }: CompareOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const runs = await withRunHistory(proc, (database) => readRuns(database, ids));
    const comparison = await createComparison(runs);
    if (format === 'json') return output.write(`${stringifyJson(comparison, 2)}\n`);
    const { formatComparison, renderComparisonMarkdown } = await import('../../terminal/reports/compare-report.js');
    if (format === 'text') {
      const lines = formatComparison(comparison, { colors: await createColors(proc.stdout) });
      return output.write(`${lines.join('\n')}\n`);
    }
    const markdown = renderComparisonMarkdown(comparison);
    output.write(output.isTerminal ? toPrintable(markdown) : markdown);
  });
}

/**
 * Reads the runs to compare. A run with rows or a matrix is replaced by its rows or combinations.
 *
 * @throws BoticelliError for fewer than two runs: `usage` if any were named, otherwise `no_input`; `usage` for more than
 *   `maxRuns`
 */
function readRuns(database: Database.Database | undefined, ids: readonly string[]): LabelledRun[] {
  const chosen = ids.length > 0 ? ids.map((id) => findRun(database, id)) : database ? findLatestRuns(database) : [];
  const runs = chosen.flatMap((run) => {
    const { run: id } = run;
    return database && hasRowRuns(run) ? listRowRuns(database, id) : [run];
  });
  if (!database || runs.length < 2) {
    const [only] = runs;
    const message = only ? `there is no other run to compare with ${only.run}` : 'there are no runs to compare';
    const hint = `${only && ids.length === 0 ? `Run ${only.narrative} again, or name` : 'Name'} two runs, or a run with --matrix: boticelli runs compare <run> <run>`;
    throw new BoticelliError(ids.length > 0 ? 'usage' : 'no_input', message, { hint });
  }
  if (runs.length > maxRuns) {
    const [first] = chosen;
    const hint = `Name single runs or rows, such as ${first?.run}${first && hasRowRuns(first) ? '/1' : ''}. List them with: boticelli runs`;
    throw new BoticelliError('usage', `${runs.length} runs are too many to compare; the maximum is ${maxRuns}`, {
      hint,
    });
  }
  return runs.map((run, index) => {
    const { run: id } = run;
    return { label: String.fromCharCode(65 + index), run, acts: listActs(database, id) };
  });
}

/** Returns the last run if it has a matrix, else the last two of its narrative, the older one first. */
function findLatestRuns(database: Database.Database): RecordedRun[] {
  const { runs } = listRuns(database, 1);
  const [last] = runs;
  return !last || last.matrix ? runs : listRuns(database, 2, { narrative: last.narrative }).runs.reverse();
}

async function createComparison(runs: readonly LabelledRun[]): Promise<Comparison> {
  const acts: { act: string; runs: ComparedAct[] }[] = [];
  for (const { act, found } of alignActs(runs)) acts.push({ act, runs: await compareActs(runs, found) });
  return {
    runs: runs.map(toComparedRun),
    acts,
  };
}

/** The fields of a run that the comparison leaves out. */
const omittedFields: ReadonlySet<string> = new Set(['file', 'fileHash', 'modelsAsked', 'modelsServed', 'error']);

function toComparedRun({ label, run }: LabelledRun): ComparedRun {
  const fields = Object.entries(run).filter(([name]) => !omittedFields.has(name));
  return { label, ...Object.fromEntries(fields) } as ComparedRun;
}

/**
 * Groups the acts of all runs by name. If a run has several acts of the same name, the first ones of all runs form a group,
 * the second ones another, and so on. `found` has an entry for each run: undefined if the run has no such act.
 */
function alignActs(runs: readonly LabelledRun[]): { act: string; found: (RecordedAct | undefined)[] }[] {
  const groups = new Map<string, { act: string; found: (RecordedAct | undefined)[] }>();
  for (const [index, { acts }] of runs.entries()) {
    const occurrences = new Map<string, number>();
    for (const recorded of acts) {
      const { act } = recorded;
      const occurrence = (occurrences.get(act) ?? 0) + 1;
      occurrences.set(act, occurrence);
      const group = groups.get(`${occurrence} ${act}`) ?? { act, found: runs.map(() => undefined) };
      groups.set(`${occurrence} ${act}`, group);
      group.found[index] = recorded;
    }
  }
  return [...groups.values()];
}

/**
 * Describes one act in each run. Compares each reply with the baseline: the reply of the first run in which the act has
 * one.
 */
async function compareActs(
  runs: readonly LabelledRun[],
  found: readonly (RecordedAct | undefined)[],
): Promise<ComparedAct[]> {
  const baselineIndex = found.findIndex((act) => act?.end);
  const baseline = found[baselineIndex]?.end?.text ?? '';
  const compared: ComparedAct[] = [];
  for (const [index, { label }] of runs.entries()) {
    const act = found[index];
    if (!act?.end) compared.push({ label, status: act ? 'no reply' : 'absent' });
    else {
      const { model, requestedModel, usage, costUsd, durationMs, waitMs, text } = act.end;
      // The generation parameters are stored in the record of the act's timing.
      const parameters = act.timing?.parameters ?? {};
      compared.push({
        ...{ label, status: 'completed', model, requestedModel, parameters, usage },
        ...(costUsd !== undefined && { costUsd }),
        ...{ durationMs, waitMs, words: countWords(text) },
        ...(index !== baselineIndex && {
          difference: await compareReplies(runs[baselineIndex]?.label ?? '', baseline, text),
        }),
      });
    }
  }
  return compared;
}

/** @param from the label of the run whose reply is `before` */
async function compareReplies(from: string, before: string, after: string): Promise<ReplyDifference> {
  if (before === after) return { from, isEqual: true, added: 0, removed: 0, excerpt: '' };
  const comparedBefore = before.slice(0, maxComparedChars);
  const comparedAfter = after.slice(0, maxComparedChars);
  return { from, isEqual: false, ...(await compareWords(comparedBefore, comparedAfter, maxEditLength)) };
}
