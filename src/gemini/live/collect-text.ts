import { assertReplyLength } from '../../driver/reply-limit.js';
import type { LiveMode } from './options.js';
import type { MessageUpdate } from './read-message.js';

/**
 * Collects the text of a reply.
 *
 * A speaking model may send its words twice: as the transcript of its speech and as text. Its text may also be thoughts
 * without the `thought` flag (mastra-ai/mastra#17434, seen 2026-06). So the transcript is the reply of a speaking
 * model, and its text is the reply only if the turn ends without a transcript. The reply of a writing model is its
 * text, and a transcript is the reply only if the turn ends without text.
 */
export function createTextCollector(replyModality: LiveMode['replyModality']) {
  let text = '';
  let otherModalityText = '';
  return {
    /** Adds a message. Returns the text that it adds to the reply, without the text of the other modality. */
    add({ transcript, writtenText }: MessageUpdate): string {
      const [added, other] = replyModality === 'AUDIO' ? [transcript, writtenText] : [writtenText, transcript];
      assertReplyLength(Math.max(text.length + added.length, otherModalityText.length + other.length));
      text += added;
      otherModalityText += other;
      return added;
    },
    /**
     * Call this at the end of the turn. If the reply has no text by then, it gets the text of the other modality: what
     * the model wrote instead of speaking, or spoke instead of writing. Returns the text that the reply got, which is
     * empty if the reply already had text.
     */
    useOtherModalityText(): string {
      if (text.trim() !== '') return '';
      text += otherModalityText;
      return otherModalityText;
    },
    get text() {
      return text;
    },
  };
}
