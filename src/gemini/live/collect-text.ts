import { assertReplyLength } from '../../driver/reply-limit.js';
import type { ReplyModality } from './options.js';
import type { MessageUpdate } from './read-message.js';

/**
 * Collects the text of a reply.
 *
 * A speaking model may send its words twice: as the transcript of its speech and as text. Its text may also be thoughts
 * without the `thought` flag (mastra-ai/mastra#17434, seen 2026-06). So the transcript is the reply of a speaking
 * model, and its text is the reply only if the turn ends without a transcript. The reply of a writing model is its
 * text, and a transcript is the reply only if the turn ends without text.
 */
export function createTextCollector(replyModality: ReplyModality) {
  let text = '';
  /** What a speaking model wrote, or a writing model spoke. */
  let textOfOtherModality = '';
  return {
    /** Adds a message. Returns the text that the message adds to the reply. */
    add({ transcript, writtenText }: MessageUpdate): string {
      const [added, otherText] = replyModality === 'AUDIO' ? [transcript, writtenText] : [writtenText, transcript];
      assertReplyLength(Math.max(text.length + added.length, textOfOtherModality.length + otherText.length));
      text += added;
      textOfOtherModality += otherText;
      return added;
    },
    /**
     * Call this at the end of the turn. If the reply has no text, makes the text of the other modality the reply, and
     * returns this text. Otherwise returns an empty text.
     */
    takeSubstituteText(): string {
      if (text.trim() !== '') return '';
      text += textOfOtherModality;
      return textOfOtherModality;
    },
    get text() {
      return text;
    },
  };
}
