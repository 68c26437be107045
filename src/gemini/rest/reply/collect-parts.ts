import type { Part } from '@google/genai';
import { assertReplyLength } from '../../../driver/reply-limit.js';
import { createThoughtBuffer, joinThoughts } from './thoughts.js';

/** Collects the parts of a reply (see `appendPart`), and joins their text and their thoughts. */
export function createPartCollector() {
  const collected: Part[] = [];
  const thoughts = createThoughtBuffer();
  let text = '';
  return {
    parts: collected as readonly Part[],
    get text() {
      return text;
    },
    /** Returns the thoughts that were added since the last call. */
    takeThoughts: thoughts.take,
    /** Adds parts and returns their text, without thoughts. */
    add(parts: readonly Part[]): string {
      for (const part of parts) appendPart(collected, part);
      thoughts.add(joinThoughts(parts));
      const added = joinTexts(parts);
      assertReplyLength(text.length + added.length);
      text += added;
      return added;
    },
  };
}

/**
 * Adds a part. Joins adjacent plain texts and leaves out empty ones, so that a streamed reply is sent back to the model
 * in the same form as a unary reply.
 */
export function appendPart(parts: Part[], part: Part): void {
  if (!part.text && hasNoOtherFields(part)) return;
  const previous = parts.at(-1);
  if (previous && isTextOnly(previous) && isTextOnly(part) && Boolean(previous.thought) === Boolean(part.thought)) {
    parts[parts.length - 1] = { ...previous, text: `${previous.text}${part.text}` };
  } else parts.push(part);
}

/** Joins the texts of parts, without thoughts. */
function joinTexts(parts: readonly Part[]): string {
  return parts.map(({ text, thought }) => (typeof text === 'string' && !thought ? text : '')).join('');
}

/** Whether a part is text without a signature or other fields; it may be a thought. */
export function isTextOnly(part: Part): boolean {
  return typeof part.text === 'string' && hasNoOtherFields(part);
}

/** Whether a part has no fields besides `text` and `thought`; it may have neither. */
function hasNoOtherFields(part: Part): boolean {
  for (const field in part) if (field !== 'text' && field !== 'thought') return false;
  return true;
}
