import type { NarrativeEvent, RunReport } from '../../executor/event.js';
import type { Output } from '../output.js';
import type { IsShown, Replies } from './replies.js';

/** One JSON document for the whole run, at its end. `--only` and `--last` filter its `acts`. */
export function createJsonReplies({ output, isShown }: { output: Output; isShown: IsShown }): Replies {
  return {
    onEvent: () => {},
    finish: (report) => output.write(`${jsonOf({ ...documentOf(report), acts: report.acts.filter(isShown) }, 2)}\n`),
  };
}

/** One JSON array for several narratives, in the order given, when the last of them is over: of each its document. */
export function createJsonDocuments({ output, count }: { output: Output; count: number }) {
  const documents: unknown[] = [];
  let finished = 0;
  return (at: number, isShown: IsShown): Replies => ({
    onEvent: () => {},
    finish(report) {
      documents[at] = { ...documentOf(report), acts: report.acts.filter(isShown) };
      finished += 1;
      if (finished === count) output.write(`${jsonOf(documents, 2)}\n`);
    },
  });
}

/**
 * One JSON object a line, an event each, as it happens; never filtered.
 * @param tellsRuns whether every event says which run it is of, for several narratives write at once
 */
export function createNdjsonReplies({ output, tellsRuns = false }: { output: Output; tellsRuns?: boolean }): Replies {
  let run: string | undefined;
  return {
    onEvent(event: NarrativeEvent) {
      if ('run' in event) run = event.run;
      const { type, ...rest } = event;
      output.write(`${jsonOf(tellsRuns ? { type, run, ...rest } : event)}\n`);
    },
    finish: () => {},
  };
}

/** The document of `--output json` and of `run.json`. */
export function documentOf({ failure: _, ...document }: RunReport): Omit<RunReport, 'failure'> {
  return document;
}

/** JSON in which every control character is escaped: JSON.stringify leaves those of U+007F to U+009F. */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\x7f-\x9f]/g,
    (found) => `\\u00${found.charCodeAt(0).toString(16)}`,
  );
}
