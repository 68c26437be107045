import type { NarrativeEvent } from '../executor/event.js';
import type { Output } from './output.js';
import { printable } from './printable.js';
import type { IsShown, Replies } from './replies.js';

/**
 * Replies as plain text: in order, an empty line between them, one newline at the end, streamed or not. To a terminal
 * without control characters; to anything else character by character as they came.
 */
export function createTextReplies({ output, isShown }: { output: Output; isShown: IsShown }): Replies {
  const paragraph = createParagraphs(output);
  let shown = false;

  const onEvent = (event: NarrativeEvent): void => {
    switch (event.type) {
      case 'act-start':
        shown = isShown(event);
        // On a terminal a heading has just been printed: the empty line belongs below the last reply, not below it.
        if (shown && output.isTerminal) paragraph.separate();
        return;
      case 'act-delta':
        if (shown) paragraph.append(event.text);
        return;
      case 'act-retry':
        if (shown && event.discard) paragraph.end();
        return;
      case 'act-end':
        if (!shown) return;
        // In one write: shell loops that share a pipe would else write between a reply and its newline.
        paragraph.end(event.firstTokenMs === undefined ? event.text : '');
        return;
      case 'narrative-end':
        paragraph.end();
    }
  };
  return { onEvent, finish: () => {} };
}

/** Writes paragraphs with an empty line between them and without the newlines at their ends. */
function createParagraphs(output: Output) {
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
    const pending = heldBack + text;
    const body = pending.replace(/[\r\n]+$|[\ud800-\udbff]$/, '');
    heldBack = pending.slice(body.length);
    if (body === '' && !(open && end)) return;
    const separator = !open && wroteParagraph && !separated ? '\n' : '';
    open = true;
    output.write(separator + (output.isTerminal ? printable(body) : body) + end);
  };
  return {
    separate,
    append: (text: string) => append(text),
    /** Ends the paragraph, with its last words if there are any. */
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
