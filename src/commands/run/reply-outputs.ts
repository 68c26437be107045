import type { Output } from '../../terminal/output.js';
import { createJsonArrayOutput, createJsonReplyOutput, createNdjsonReplyOutput } from '../../terminal/replies/json.js';
import type { ReplyOutput } from '../../terminal/replies/reply-output.js';
import { createReplySequencer } from '../../terminal/replies/reply-sequencer.js';
import {
  createParagraphWriter,
  createTextReplyOutput,
  type TextReplyOutputOptions,
} from '../../terminal/replies/text.js';
import type { RunOptions } from './run.js';

/** Makes the replies of one narrative, by where it stands among those given. */
export type CreateReplies = (
  narrativeIndex: number,
  replyOptions: Omit<TextReplyOutputOptions, 'output' | 'paragraphs'>,
) => ReplyOutput;

export interface ReplyOutputsOptions {
  options: Pick<RunOptions, 'output'>;
  output: Output;
  /** How many narratives there are. */
  count: number;
}

/** Standard output in the format asked for: of one narrative, or of several in the way that the format can carry. */
export function createReplyOutputs({ options, output, count }: ReplyOutputsOptions): CreateReplies {
  const hasSeveral = count > 1;
  switch (options.output) {
    case 'ndjson':
      return () => createNdjsonReplyOutput({ output, includesRunId: hasSeveral });
    case 'json': {
      const documents = createJsonArrayOutput({ output, count });
      return (narrativeIndex, { isActShown: isShown }) =>
        hasSeveral ? documents(narrativeIndex, isShown) : createJsonReplyOutput({ output, isActShown: isShown });
    }
    case 'text': {
      const paragraphs = createParagraphWriter(output);
      const inOrder = createReplySequencer();
      return (narrativeIndex, replyOptions) =>
        inOrder(narrativeIndex, createTextReplyOutput({ output, paragraphWriter: paragraphs, ...replyOptions }));
    }
  }
}
