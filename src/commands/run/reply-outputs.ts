import type { Output } from '../../terminal/output.js';
import { createInOrder } from '../../terminal/replies/in-order.js';
import { createJsonDocuments, createJsonReplies, createNdjsonReplies } from '../../terminal/replies/json.js';
import type { Replies } from '../../terminal/replies/replies.js';
import { createParagraphs, createTextReplies, type TextRepliesOptions } from '../../terminal/replies/text.js';
import type { RunOptions } from './run.js';

/** Makes the replies of one narrative, by where it stands among those given. */
export type RepliesOfAll = (at: number, own: Omit<TextRepliesOptions, 'output' | 'paragraphs'>) => Replies;

export interface RepliesOfAllOptions {
  options: Pick<RunOptions, 'output'>;
  output: Output;
  /** How many narratives there are. */
  count: number;
}

/** Standard output in the format asked for: of one narrative, or of several in the way that the format can carry. */
export function repliesOfAll({ options, output, count }: RepliesOfAllOptions): RepliesOfAll {
  const hasSeveral = count > 1;
  switch (options.output) {
    case 'ndjson':
      return () => createNdjsonReplies({ output, tellsRuns: hasSeveral });
    case 'json': {
      const documents = createJsonDocuments({ output, count });
      return (at, { isShown }) => (hasSeveral ? documents(at, isShown) : createJsonReplies({ output, isShown }));
    }
    case 'text': {
      const paragraphs = createParagraphs(output);
      const inOrder = createInOrder();
      return (at, own) => inOrder(at, createTextReplies({ output, paragraphs, ...own }));
    }
  }
}
