import type { ActStart, NarrativeEvent } from '../../executor/narrative-events.js';
import type { Output } from '../output.js';
import { toPrintable } from '../text/printable.js';
import type { ActFilter, ReplyOutput } from './reply-output.js';
import { lengthWithoutTrailingNewlines } from './trailing-newlines.js';

export interface TextReplyOutputOptions {
  output: Output;
  isActShown: ActFilter;
  /** Shared by the narratives that write to one output, one after another. */
  paragraphWriter?: ParagraphWriter;
  /** Called just before the first words of an act are written. */
  writeHeading?: (start: ActStart) => void;
}

/**
 * Replies as plain text: in order, an empty line between them, one newline at the end, streamed or not. To a terminal
 * without control characters; to anything else character by character as they came.
 */
export function createTextReplyOutput({
  output,
  isActShown,
  paragraphWriter,
  writeHeading,
}: TextReplyOutputOptions): ReplyOutput {
  const writer = paragraphWriter ?? createParagraphWriter(output);
  let isCurrentShown = false;
  let pendingHeading: ActStart | undefined;
  const withHeading = (text: string) => {
    if (pendingHeading && text !== '') writeHeading?.(pendingHeading);
    if (text !== '') pendingHeading = undefined;
    return text;
  };

  const onEvent = (event: NarrativeEvent): void => {
    switch (event.type) {
      case 'act-start':
        isCurrentShown = isActShown(event);
        // On a terminal a heading has just been printed: the empty line belongs below the last reply, not below it.
        if (isCurrentShown && output.isTerminal) writer.writeSeparator();
        pendingHeading = event;
        return;
      case 'act-delta':
        if (isCurrentShown) writer.append(withHeading(event.text));
        return;
      case 'act-retry':
        if (isCurrentShown && event.discard) writer.end();
        return;
      case 'act-end':
        if (!isCurrentShown) return;
        // In one write: shell loops that share a pipe would else write between a reply and its newline.
        writer.end(withHeading(event.firstTokenMs === undefined ? event.text : ''));
        return;
      case 'narrative-end':
        writer.end();
    }
  };
  return { onEvent, finish: () => {} };
}

/** Paragraphs with an empty line between them and without the newlines at their ends. */
export interface ParagraphWriter {
  /** Writes the empty line now, if one is due. */
  writeSeparator(): void;
  append(text: string): void;
  /** Ends the paragraph, with its last words if there are any. */
  end(text?: string): void;
}

/** Writes paragraphs. What is written of one can't be taken back. */
export function createParagraphWriter(output: Output): ParagraphWriter {
  let hasWritten = false;
  let isSeparated = true;
  let isOpen = false;
  /** Newlines at the end, or half of a character: written only when more text follows. */
  let pendingText = '';

  const writeSeparator = () => {
    if (!isSeparated) output.write('\n');
    isSeparated = true;
  };
  const append = (text: string, end = '') => {
    const length = writableLength(text);
    // A model may end in thousands of newlines: they are not looked through again with each one that comes.
    const body = length === 0 ? '' : pendingText + text.slice(0, length);
    pendingText = length === 0 ? pendingText + text : text.slice(length);
    if (body === '' && !(isOpen && end)) return;
    const separator = !isOpen && hasWritten && !isSeparated ? '\n' : '';
    isOpen = true;
    output.write(separator + (output.isTerminal ? toPrintable(body) : body) + end);
  };
  return {
    writeSeparator,
    append: (text: string) => append(text),
    end(text = '') {
      append(text, '\n');
      if (isOpen) {
        hasWritten = true;
        isSeparated = false;
      }
      isOpen = false;
      pendingText = '';
    },
  };
}

/** How much of a text can be written now: neither newlines at its end, nor the first half of a character. */
function writableLength(text: string): number {
  const endsInHighSurrogate = /[\ud800-\udbff]/.test(text.slice(-1));
  return endsInHighSurrogate ? text.length - 1 : lengthWithoutTrailingNewlines(text);
}
