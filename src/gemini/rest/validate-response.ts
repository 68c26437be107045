import type { Candidate, GenerateContentResponse, SafetyRating } from '@google/genai';
import type { Usage } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';

/** What is to be judged of a reply. */
export interface CollectedReply extends Pick<GenerateContentResponse, 'promptFeedback'> {
  text: string;
  candidate: Candidate;
  usage: Usage;
}

// Also those of image models: IMAGE_SAFETY, IMAGE_PROHIBITED_CONTENT, IMAGE_RECITATION.
const blockingFinishReasons = /^(IMAGE_)?(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII)$/;

/**
 * Why an answer is of no use, or undefined where it is a reply. Text with a finish reason that we don't know is one, and
 * so is text cut by MAX_TOKENS.
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
  const detail = thoughtTokens === 0 ? 'before any text' : `after ${thoughtTokens} tokens of thoughts and no text`;
  return new BoticelliError('truncated', `max_tokens cut the reply off ${detail}`, {
    hint: 'Raise max_tokens, or let the model think less: thoughts count too.',
  });
}

/** The reason, and the categories that were rated as blocking, or else as likely. */
function formatBlockReason(reason: string, ratings: readonly SafetyRating[] = []): string {
  const blocking = ratings.filter(({ blocked }) => blocked);
  const likely = ratings.filter(({ probability }) => probability === 'HIGH' || probability === 'MEDIUM');
  const names = (blocking.length > 0 ? blocking : likely).flatMap(({ category }) => category ?? []);
  return names.length > 0 ? `${reason} (${names.join(', ')})` : reason;
}
