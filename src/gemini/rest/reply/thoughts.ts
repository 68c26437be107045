import type { Part } from '@google/genai';
import type { CallContext } from '../../../driver/driver.js';
import type { GenerateRequest } from '../../../driver/request.js';

/** Collects the thoughts of a reply. `take` returns those that were added since its last call. */
export function createThoughtBuffer() {
  let text = '';
  return {
    add(thoughts: string) {
      text += thoughts;
    },
    take(): string {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

/**
 * Joins the thoughts among the parts of a reply (ai.google.dev/gemini-api/docs/generate-content/thinking, read
 * 2026-11-30).
 */
export function joinThoughts(parts: readonly Part[]): string {
  return parts.map(({ text, thought }) => (thought && typeof text === 'string' ? text : '')).join('');
}

/**
 * Removes the thoughts from the parts of a reply, so that they are neither stored nor sent back to the model. A thought
 * with a signature becomes a part with this signature and no text. The service sends such parts itself, in the last
 * chunk of a stream. The model needs the signatures to continue its reasoning
 * (ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11-30).
 */
export function removeThoughts(parts: readonly Part[]): Part[] {
  if (!parts.some(({ thought }) => thought)) return [...parts];
  return parts.flatMap((part) => {
    if (!part.thought) return [part];
    return part.thoughtSignature === undefined ? [] : [{ text: '', thoughtSignature: part.thoughtSignature }];
  });
}

/** Emits thoughts that a request asked for. */
export function emitThoughts(thoughts: string, { includeThoughts }: GenerateRequest, { emit }: CallContext): void {
  if (includeThoughts && thoughts !== '') emit?.({ type: 'thought', text: thoughts });
}

/**
 * Emits a note if a reply has thoughts that its request did not ask for. They are not part of the reply.
 * @param thoughts all thoughts of the reply
 */
export function reportUnrequestedThoughts(
  thoughts: string,
  { includeThoughts }: GenerateRequest,
  { emit }: CallContext,
): void {
  if (includeThoughts || thoughts.trim() === '') return;
  const message = 'the service sent thoughts that were not requested; they are left out of the reply';
  emit?.({ type: 'note', about: 'reply', message });
}
