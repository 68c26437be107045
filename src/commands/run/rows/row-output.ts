import type { RowResult } from '../../../rows/results/row-result.js';
import type { Output } from '../../../terminal/output.js';
import { stringifyJson } from '../../../terminal/replies/json.js';
import { createParagraphWriter } from '../../../terminal/replies/text.js';
import type { RunOptions } from '../options.js';

/** Writes the results of rows to standard output, in the order of the rows. */
export interface RowOutput {
  /** Announces a row that has started. */
  expect(number: number): void;
  /** Adds the result of a row. It is written when all rows before it have ended. */
  add(number: number, result: RowResult): void;
  /** Ends a row that has no result, because it was interrupted. */
  skip(number: number): void;
  /** Writes what is left. */
  finish(): void;
}

/** Creates the output of a format. @param only the acts whose replies are printed as text. Default: the last one */
export function createRowOutput(format: RunOptions['output'], output: Output, only?: readonly string[]): RowOutput {
  const writer = createResultWriter(format, output, only);
  /** The rows that have started, in order, each with its result once it has ended. */
  const pending = new Map<number, RowResult | 'skipped' | undefined>();
  const writeReady = () => {
    for (const [number, result] of pending) {
      if (result === undefined) return;
      pending.delete(number);
      if (result !== 'skipped') writer.write(result);
    }
  };
  const end = (number: number, result: RowResult | 'skipped') => {
    pending.set(number, result);
    writeReady();
  };
  return {
    expect: (number) => void pending.set(number, undefined),
    add: end,
    skip: (number) => end(number, 'skipped'),
    finish: writer.finish,
  };
}

function createResultWriter(format: RunOptions['output'], output: Output, only: readonly string[] | undefined) {
  if (format === 'ndjson') {
    return { write: (result: RowResult) => output.write(`${stringifyJson(result)}\n`), finish: () => {} };
  }
  if (format === 'json') {
    let isFirst = true;
    return {
      write(result: RowResult) {
        output.write(`${isFirst ? '[\n' : ',\n'}${stringifyJson(result, 2)}`);
        isFirst = false;
      },
      finish: () => output.write(isFirst ? '[]\n' : '\n]\n'),
    };
  }
  const paragraphs = createParagraphWriter(output);
  return {
    write({ status, replies }: RowResult) {
      if (status !== 'completed') return;
      const texts = only ? only.map((act) => replies[act]) : [Object.values(replies).at(-1)];
      for (const text of texts) if (text !== undefined) paragraphs.end(text);
    },
    finish: () => {},
  };
}
