import type { Output } from '../../terminal/output.js';
import { createJsonArrayOutput, createJsonReplyOutput, createNdjsonReplyOutput } from '../../terminal/replies/json.js';
import type { ReplyOutput } from '../../terminal/replies/reply-output.js';
import { createActSequencer, createNarrativeSequencer } from '../../terminal/replies/reply-sequencer.js';
import {
  createParagraphWriter,
  createTextReplyOutput,
  type TextReplyOutputOptions,
} from '../../terminal/replies/text.js';
import type { RunOptions } from './options.js';

/** Creates the reply output of one narrative, which is identified by its position among the arguments. */
export type CreateReplies = (
  narrativeIndex: number,
  replyOptions: Omit<TextReplyOutputOptions, 'output' | 'paragraphWriter'>,
) => ReplyOutput;

/** Creates the reply outputs of `count` narratives. The format determines how several narratives share the output. */
export function createReplyOutputs(
  { output: format, jobs = 1 }: Pick<RunOptions, 'output' | 'jobs'>,
  output: Output,
  count: number,
): CreateReplies {
  const hasSeveral = count > 1;
  switch (format) {
    case 'ndjson':
      return () => createNdjsonReplyOutput(output, hasSeveral);
    case 'json': {
      const createElementOutput = createJsonArrayOutput(output, count);
      return (narrativeIndex, { isActShown }) =>
        hasSeveral ? createElementOutput(narrativeIndex, isActShown) : createJsonReplyOutput(output, isActShown);
    }
    case 'text': {
      const paragraphWriter = createParagraphWriter(output);
      const addToSequence = createNarrativeSequencer();
      return (narrativeIndex, replyOptions) => {
        const replies = createTextReplyOutput({ output, paragraphWriter, ...replyOptions });
        const inNarrativeOrder = addToSequence(narrativeIndex, replies);
        // If acts run in parallel, the act sequencer receives the events first. It puts acts in order and passes them
        // to `inNarrativeOrder`, which puts narratives in order.
        return jobs > 1 ? createActSequencer(inNarrativeOrder) : inNarrativeOrder;
      };
    }
  }
}
