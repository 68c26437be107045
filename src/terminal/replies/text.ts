import type { ActStart, NarrativeEvent } from '../../executor/event.js';
import type { Output } from '../output.js';
import { printable } from '../text/printable.js';
import type { IsShown, Replies } from './replies.js';
import { trimmedLength } from './trailing-newlines.js';

export interface TextRepliesOptions {
  output: Output;
  isShown: IsShown;
  /** Shared by the narratives that write to one output, one after another. */
  paragraphs?: Paragraphs;
  /** Called just before the first words of an act are written. */
  introduce?: (start: ActStart) => void;
}

/**
 * Replies as plain text: in order, an empty line between them, one newline at the end, streamed or not. To a terminal
 * without control characters; to anything else character by character as they came.
 */
export function createTextReplies({ output, isShown, paragraphs, introduce }: TextRepliesOptions): Replies {
  const paragraph = paragraphs ?? createParagraphs(output);
  let shown = false;
  let unknown: ActStart | undefined;
  const introduced = (text: string) => {
    if (unknown && text !== '') introduce?.(unknown);
    if (text !== '') unknown = undefined;
    return text;
  };

  const onEvent = (event: NarrativeEvent): void => {
    switch (event.type) {
      case 'act-start':
        shown = isShown(event);
        // On a terminal a heading has just been printed: the empty line belongs below the last reply, not below it.
        if (shown && output.isTerminal) paragraph.separate();
        unknown = event;
        return;
      case 'act-delta':
        if (shown) paragraph.append(introduced(event.text));
        return;
      case 'act-retry':
        if (shown && event.discard) paragraph.end();
        return;
      case 'act-end':
        if (!shown) return;
        // In one write: shell loops that share a pipe would else write between a reply and its newline.
        paragraph.end(introduced(event.firstTokenMs === undefined ? event.text : ''));
        return;
      case 'narrative-end':
        paragraph.end();
    }
  };
  return { onEvent, finish: () => {} };
}

/** Paragraphs with an empty line between them and without the newlines at their ends. */
export interface Paragraphs {
  /** Writes the empty line now, if one is due. */
  separate(): void;
  append(text: string): void;
  /** Ends the paragraph, with its last words if there are any. */
  end(text?: string): void;
}

/** Writes paragraphs. What is written of one can't be taken back. */
export function createParagraphs(output: Output): Paragraphs {
  let wroteParagraph = false;
  let separated = true;
  let open = false;
  /** Newlines at the end, or half of a character: written only when more text follows. */
  let heldBack = '';

  const separate = () => {
    if (!separated) output.write('\n');
    separated = true;
  };
  const append = (text: string, end = '') => {
    const length = bodyLength(text);
    // A model may end in thousands of newlines: they are not looked through again with each one that comes.
    const body = length === 0 ? '' : heldBack + text.slice(0, length);
    heldBack = length === 0 ? heldBack + text : text.slice(length);
    if (body === '' && !(open && end)) return;
    const separator = !open && wroteParagraph && !separated ? '\n' : '';
    open = true;
    output.write(separator + (output.isTerminal ? printable(body) : body) + end);
  };
  return {
    separate,
    append: (text: string) => append(text),
    end(text = '') {
      append(text, '\n');
      if (open) {
        wroteParagraph = true;
        separated = false;
      }
      open = false;
      heldBack = '';
    },
  };
}

/** How much of a text can be written now: neither newlines at its end, nor the first half of a character. */
function bodyLength(text: string): number {
  const isHalf = /[\ud800-\udbff]/.test(text.slice(-1));
  return isHalf ? text.length - 1 : trimmedLength(text);
}
