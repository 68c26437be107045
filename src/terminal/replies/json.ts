import type { NarrativeEvent, RunReport } from '../../executor/narrative-events.js';
import type { Output } from '../output.js';
import type { ActFilter, ReplyOutput } from './reply-output.js';

/** One JSON document for the whole run, at its end. `--only` and `--last` filter its `acts`. */
export function createJsonReplyOutput({ output, isActShown }: { output: Output; isActShown: ActFilter }): ReplyOutput {
  return {
    onEvent: () => {},
    finish: (report) =>
      output.write(`${stringifyJson({ ...toRunDocument(report), acts: report.acts.filter(isActShown) }, 2)}\n`),
  };
}

/** One JSON array for several narratives, in the order given, when the last of them is over: of each its document. */
export function createJsonArrayOutput({ output, count }: { output: Output; count: number }) {
  const documents: unknown[] = [];
  let finished = 0;
  return (position: number, isActShown: ActFilter): ReplyOutput => ({
    onEvent: () => {},
    finish(report) {
      documents[position] = { ...toRunDocument(report), acts: report.acts.filter(isActShown) };
      finished += 1;
      if (finished === count) output.write(`${stringifyJson(documents, 2)}\n`);
    },
  });
}

/**
 * One JSON object a line, an event each, as it happens; never filtered.
 * @param tellsRuns whether every event says which run it is of, for several narratives write at once
 */
export function createNdjsonReplyOutput({
  output,
  includesRunId = false,
}: {
  output: Output;
  includesRunId?: boolean;
}): ReplyOutput {
  let run: string | undefined;
  return {
    onEvent(event: NarrativeEvent) {
      if ('run' in event) run = event.run;
      const { type, ...rest } = event;
      output.write(`${stringifyJson(includesRunId ? { type, run, ...rest } : event)}\n`);
    },
    finish: () => {},
  };
}

/** The document of `--output json` and of `run.json`. */
export function toRunDocument({ failure: _, ...document }: RunReport): Omit<RunReport, 'failure'> {
  return document;
}

/** JSON in which every control character is escaped: JSON.stringify leaves those of U+007F to U+009F. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
