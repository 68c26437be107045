import type { ActStart, NarrativeEvent } from '../../executor/narrative-events.js';
import type { Output } from '../output.js';
import { toPrintable } from '../text/printable.js';
import type { ActFilter, ReplyOutput } from './reply-output.js';

/** The options of `createTextReplyOutput`. */
export interface TextReplyOutputOptions {
  output: Output;
  isActShown: ActFilter;
  /** Shared by narratives that write to the same `output` one after another. By default each narrative has its own. */
  paragraphWriter?: ParagraphWriter;
  /** Called just before the first text of an act is written. */
  writeHeading?: (start: ActStart) => void;
}

/**
 * Writes replies, streamed or not, as plain text in the order of their events. Each reply ends with one newline, and an
 * empty line separates it from the next. A terminal gets symbols instead of control characters; any other output gets
 * the text unchanged.
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
  /** Writes the heading of the act, if `text` is its first text. Returns `text`. */
  const afterHeading = (text: string) => {
    if (pendingHeading && text !== '') writeHeading?.(pendingHeading);
    if (text !== '') pendingHeading = undefined;
    return text;
  };

  const onEvent = (event: NarrativeEvent): void => {
    switch (event.type) {
      case 'act-start':
        isCurrentShown = isActShown(event);
        // Without `writeHeading`, the progress writes the act's heading right after this event. On a terminal, the empty
        // line belongs above the heading.
        if (isCurrentShown && output.isTerminal) writer.writeSeparator();
        pendingHeading = event;
        return;
      case 'act-delta':
        if (isCurrentShown) writer.append(afterHeading(event.text));
        return;
      case 'act-retry':
        // Written text can't be removed, so the reply starts again in a new paragraph.
        if (isCurrentShown && event.discard) writer.end();
        return;
      case 'act-end':
        if (!isCurrentShown) return;
        // Without `firstTokenMs`, the reply was not streamed and is still to be written. The reply and its newline are
        // one write, so that another process on the same pipe can't write in between.
        writer.end(afterHeading(event.firstTokenMs === undefined ? event.text : ''));
        return;
      case 'narrative-end':
        writer.end();
    }
  };
  return { onEvent, finish: () => {} };
}

/** Writes paragraphs with an empty line between them and without their trailing newlines. */
export interface ParagraphWriter {
  /** Writes the empty line now, if one is due. */
  writeSeparator(): void;
  append(text: string): void;
  /** Writes a whole paragraph. */
  write(text: string): void;
  /** Ends the paragraph, after appending an optional text. */
  end(text?: string): void;
}

/** Creates a writer that has written nothing yet. */
export function createParagraphWriter(output: Output): ParagraphWriter {
  let hasWritten = false;
  /** Whether the next paragraph needs no empty line: it is the first one, or the empty line is already written. */
  let isSeparated = true;
  let isOpen = false;
  /** Trailing newlines, or half of a surrogate pair. They are written only when more text follows. */
  let pendingText = '';

  const writeSeparator = () => {
    if (!isSeparated) output.write('\n');
    isSeparated = true;
  };
  const append = (text: string, end = '') => {
    const length = writableLength(text);
    // Pending newlines are not scanned again, because a model may end its reply with thousands of them.
    const body = length === 0 ? '' : pendingText + text.slice(0, length);
    pendingText = length === 0 ? pendingText + text : text.slice(length);
    if (body === '' && !(isOpen && end)) return;
    const separator = !isOpen && hasWritten && !isSeparated ? '\n' : '';
    isOpen = true;
    output.write(separator + (output.isTerminal ? toPrintable(body) : body) + end);
  };
  const end = (text = '') => {
    append(text, '\n');
    if (isOpen) {
      hasWritten = true;
      isSeparated = false;
    }
    isOpen = false;
    pendingText = '';
  };
  return { writeSeparator, append: (text: string) => append(text), write: end, end };
}

/** Returns the length of what can be written now: the text without newlines or half of a surrogate pair at its end. */
function writableLength(text: string): number {
  const endsInHighSurrogate = /[\ud800-\udbff]/.test(text.slice(-1));
  return endsInHighSurrogate ? text.length - 1 : lengthWithoutTrailingNewlines(text);
}

/**
 * Returns the length of a text without its trailing newlines. Models sometimes write thousands of newlines in a row,
 * for which a regular expression would take quadratic time.
 */
export function lengthWithoutTrailingNewlines(text: string): number {
  let { length } = text;
  while (length > 0 && '\r\n'.includes(text.charAt(length - 1))) length -= 1;
  return length;
}
