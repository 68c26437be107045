import type { Candidate, GenerateContentResponse, SafetyRating } from '@google/genai';
import type { Usage } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';

/** A complete response, before it is known to be a usable reply. */
export interface CollectedReply extends Pick<GenerateContentResponse, 'promptFeedback'> {
  text: string;
  candidate: Candidate;
  usage: Usage;
}

// Includes those of image models: IMAGE_SAFETY, IMAGE_PROHIBITED_CONTENT, IMAGE_RECITATION.
const blockingFinishReasons = /^(IMAGE_)?(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII)$/;

/**
 * Returns the error of an unusable response (`blocked`, `truncated`, `empty_reply`), or undefined for a usable reply.
 * Text with an unknown finish reason is a reply, and so is text that MAX_TOKENS cut off.
 */
export function validateResponse({
  text,
  candidate,
  usage,
  promptFeedback,
}: CollectedReply): BoticelliError | undefined {
  const finishReason: string | undefined = candidate.finishReason;
  if (promptFeedback?.blockReason) {
    const reason = formatBlockReason(promptFeedback.blockReason, promptFeedback.safetyRatings);
    return new BoticelliError('blocked', `the service blocked the prompt: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (finishReason !== undefined && blockingFinishReasons.test(finishReason)) {
    const reason = formatBlockReason(finishReason, candidate.safetyRatings);
    return new BoticelliError('blocked', `the service blocked the reply: ${reason}`, {
      hint: 'Change the prompt, or use another model.',
    });
  }
  if (text !== '') return undefined;
  if (finishReason === 'MAX_TOKENS') return createTruncatedError(usage);
  return new BoticelliError('empty_reply', `the reply is empty (${finishReason ?? 'no finish reason'})`, {
    hint: 'Change the prompt, or use another model.',
  });
}

function createTruncatedError({ thoughtTokens }: Usage): BoticelliError {
  const detail = thoughtTokens === 0 ? '' : `, after ${thoughtTokens} thought tokens`;
  return new BoticelliError('truncated', `max_tokens was reached before any text${detail}`, {
    hint: 'Raise max_tokens or lower thinking: thought tokens count too.',
  });
}

/** The reason with its categories: those rated as blocking, otherwise those rated as likely. */
function formatBlockReason(reason: string, ratings: readonly SafetyRating[] = []): string {
  const blocking = ratings.filter(({ blocked }) => blocked);
  const likely = ratings.filter(({ probability }) => probability === 'HIGH' || probability === 'MEDIUM');
  const names = (blocking.length > 0 ? blocking : likely).flatMap(({ category }) => category ?? []);
  return names.length > 0 ? `${reason} (${names.join(', ')})` : reason;
}
