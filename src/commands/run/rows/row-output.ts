import { stringifyResult } from '../../../rows/results/result-format.js';
import type { RowResult } from '../../../rows/results/row-result.js';
import type { Output } from '../../../terminal/output.js';
import { createParagraphWriter } from '../../../terminal/replies/text.js';
import type { RunOptions } from '../options.js';

/** Writes the results of tasks to standard output, in the order of the rows and combinations. */
export interface RowOutput {
  /** Announces a task that has started. @param heading written to standard error just before the text of the task */
  announce(taskNumber: number, heading?: string): void;
  /**
   * Adds the result of a task. It is written when all tasks before it have ended.
   * @param lastReply the text of the last act's reply
   */
  add(taskNumber: number, result: RowResult, lastReply: string): void;
  /** Ends a task that has no result, because it was interrupted. */
  endWithoutResult(taskNumber: number): void;
  /** Ends the output, after all tasks have ended: closes the array of JSON. */
  finish(): void;
}

interface RowOutputOptions {
  format: RunOptions['output'];
  output: Output;
  /** The acts whose replies are printed as text. Default: the last one. */
  only?: readonly string[] | undefined;
  /** Called just before the text of a task with a heading is written. */
  writeHeading: (heading: string) => void;
}

/** Creates the output in the format of `--output`. */
export function createRowOutput(options: RowOutputOptions): RowOutput {
  const writer = createResultWriter(options);
  /** The tasks that have started and are not written yet, by their numbers, in order. */
  const pending = new Map<number, PendingTask>();
  const end = (taskNumber: number, outcome: PendingTask['outcome']) => {
    pending.set(taskNumber, { ...pending.get(taskNumber), outcome });
    for (const [readyNumber, task] of pending) {
      if (task.outcome === undefined) return;
      pending.delete(readyNumber);
      if (task.outcome !== 'interrupted') writer.write(task.outcome, task.heading);
    }
  };
  return {
    announce: (taskNumber, heading) => void pending.set(taskNumber, { heading }),
    add: (taskNumber, result, lastReply) => end(taskNumber, { result, lastReply }),
    endWithoutResult: (taskNumber) => end(taskNumber, 'interrupted'),
    finish: writer.finish,
  };
}

interface PendingTask {
  heading?: string | undefined;
  /** Undefined until the task has ended. */
  outcome?: TaskOutcome | 'interrupted' | undefined;
}

interface TaskOutcome {
  result: RowResult;
  lastReply: string;
}

interface ResultWriter {
  write(outcome: TaskOutcome, heading: string | undefined): void;
  finish(): void;
}

function createResultWriter({ format, output, only, writeHeading }: RowOutputOptions): ResultWriter {
  if (format === 'ndjson') {
    return { write: ({ result }) => output.write(`${stringifyResult(result)}\n`), finish: () => {} };
  }
  if (format === 'json') {
    let isFirst = true;
    return {
      write({ result }) {
        output.write(`${isFirst ? '[\n' : ',\n'}${stringifyResult(result, 2)}`);
        isFirst = false;
      },
      finish: () => output.write(isFirst ? '[]\n' : '\n]\n'),
    };
  }
  const paragraphs = createParagraphWriter(output);
  return {
    write({ result: { status, replies }, lastReply }, heading) {
      if (status !== 'completed') return;
      // On a terminal, the heading appears between two replies. The empty line that separates the replies belongs above
      // the heading, so it is written first.
      if (heading !== undefined && output.isTerminal) paragraphs.writeSeparator();
      if (heading !== undefined) writeHeading(heading);
      const texts = only ? only.map((act) => replies[act]) : [lastReply];
      for (const text of texts) if (text !== undefined) paragraphs.write(text);
    },
    finish: () => {},
  };
}
