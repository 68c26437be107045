import type { RunReport } from '../../executor/narrative-events.js';
import type { Output } from '../output.js';
import type { ActFilter, ReplyOutput } from './reply-output.js';

/** Writes one JSON document at the end of the run. `--only` and `--last` filter its `acts`. */
export function createJsonReplyOutput(output: Output, isActShown: ActFilter): ReplyOutput {
  return {
    onEvent: () => {},
    finish: (report) => output.write(`${stringifyJson(filterActs(report, isActShown), 2)}\n`),
  };
}

/**
 * Writes one JSON array with the documents of several narratives, in the order of their positions, when all have
 * finished. Returns a function that creates the output of the narrative at a position, counted from 0.
 * @param count the number of narratives
 */
export function createJsonArrayOutput(output: Output, count: number) {
  const documents: unknown[] = [];
  let finished = 0;
  return (position: number, isActShown: ActFilter): ReplyOutput => ({
    onEvent: () => {},
    finish(report) {
      documents[position] = filterActs(report, isActShown);
      finished += 1;
      if (finished === count) output.write(`${stringifyJson(documents, 2)}\n`);
    },
  });
}

function filterActs(report: RunReport, isActShown: ActFilter) {
  return { ...toRunDocument(report), acts: report.acts.filter(isActShown) };
}

/**
 * Writes each event as one line of JSON as it happens. `--only` and `--last` do not filter the events.
 * @param includesRunId whether to add the run's id to every event, which is needed if several narratives share `output`
 */
export function createNdjsonReplyOutput(output: Output, includesRunId = false): ReplyOutput {
  let run: string | undefined;
  return {
    onEvent(event) {
      if ('run' in event) run = event.run;
      const { type, ...rest } = event;
      output.write(`${stringifyJson(includesRunId ? { type, run, ...rest } : event)}\n`);
    },
    finish: () => {},
  };
}

/** Returns the document of `--output json` and `run.json`: the report without the exception in `failure`. */
export function toRunDocument({ failure: _, ...document }: RunReport): Omit<RunReport, 'failure'> {
  return document;
}

/** Like JSON.stringify, but escapes what `toPrintable` replaces. */
export function stringifyJson(value: unknown, indent?: number): string {
  return escapeControls(JSON.stringify(value, null, indent));
}

/**
 * Escapes, in a JSON text, the characters that `toPrintable` replaces but JSON.stringify does not escape: U+007F to
 * U+009F, line separators and the controls of the writing direction.
 */
export function escapeControls(json: string): string {
  const toEscape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replaceAll(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, toEscape);
}
