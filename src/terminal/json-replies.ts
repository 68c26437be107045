import type { NarrativeEvent, RunReport } from '../executor/event.js';
import type { Output } from './output.js';
import type { IsShown, Replies } from './replies.js';

/** One JSON document for the whole run, at its end. `--only` and `--last` filter its `acts`. */
export function createJsonReplies({ output, isShown }: { output: Output; isShown: IsShown }): Replies {
  return {
    onEvent: () => {},
    finish: (report) => output.write(`${jsonOf({ ...documentOf(report), acts: report.acts.filter(isShown) }, 2)}\n`),
  };
}

/** One JSON object a line, an event each, as it happens; never filtered. */
export function createNdjsonReplies({ output }: { output: Output }): Replies {
  return {
    onEvent: (event: NarrativeEvent) => output.write(`${jsonOf(event)}\n`),
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
