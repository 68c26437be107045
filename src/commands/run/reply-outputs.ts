import type { Output } from '../../terminal/output.js';
import { createJsonArrayOutput, createJsonReplyOutput, createNdjsonReplyOutput } from '../../terminal/replies/json.js';
import type { ReplyOutput } from '../../terminal/replies/reply-output.js';
import { createReplySequencer } from '../../terminal/replies/reply-sequencer.js';
import {
  createParagraphWriter,
  createTextReplyOutput,
  type TextReplyOutputOptions,
} from '../../terminal/replies/text.js';
import type { RunOptions } from './options.js';

/** Creates the reply output of one narrative, by its position among the arguments. */
export type CreateReplies = (
  narrativeIndex: number,
  replyOptions: Omit<TextReplyOutputOptions, 'output' | 'paragraphWriter'>,
) => ReplyOutput;

export interface ReplyOutputsOptions {
  options: Pick<RunOptions, 'output'>;
  output: Output;
  /** The number of narratives. */
  count: number;
}

/** Writes replies to standard output in the format of `--output`; several narratives share it in a way that suits the format. */
export function createReplyOutputs({ options, output, count }: ReplyOutputsOptions): CreateReplies {
  const hasSeveral = count > 1;
  switch (options.output) {
    case 'ndjson':
      return () => createNdjsonReplyOutput(output, hasSeveral);
    case 'json': {
      const documents = createJsonArrayOutput(output, count);
      return (narrativeIndex, { isActShown }) =>
        hasSeveral ? documents(narrativeIndex, isActShown) : createJsonReplyOutput(output, isActShown);
    }
    case 'text': {
      const paragraphWriter = createParagraphWriter(output);
      const inOrder = createReplySequencer();
      return (narrativeIndex, replyOptions) =>
        inOrder(narrativeIndex, createTextReplyOutput({ output, paragraphWriter, ...replyOptions }));
    }
  }
}
