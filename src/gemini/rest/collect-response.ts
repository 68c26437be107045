import type { Candidate, GenerateContentResponse, Part, SafetyRating } from '@google/genai';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { ChunkMetadata, GenerateResponse, Usage } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { toBilledUsage } from './usage.js';

export type ReplyCollector = ReturnType<typeof createReplyCollector>;

/** proto3's name for a missing finish reason. */
const unspecifiedFinishReason = 'FINISH_REASON_UNSPECIFIED';

/**
 * Collects a reply from a unary response, or from the chunks of a stream.
 * @param requestedModel reported as the reply's model if the service names none
 */
export function createReplyCollector(requestedModel: string) {
  const nativeParts: Part[] = [];
  let text = '';
  // Any chunk may repeat these fields, and the last value applies: some streams repeat STOP in every chunk.
  const latest: Pick<GenerateContentResponse, 'modelVersion' | 'promptFeedback'> = {};
  let candidate: Candidate = {};
  let usageMetadata: GenerateContentResponse['usageMetadata'];
  const getBilled = (): BilledResponse => ({
    model: stripModelPrefix(latest.modelVersion ?? requestedModel),
    ...toBilledUsage(usageMetadata, { hasReply: nativeParts.length > 0 }),
  });

  return {
    /** Adds a chunk and returns the reply's text in it, without thoughts. */
    add(chunk: GenerateContentResponse): string {
      if (chunk.modelVersion) latest.modelVersion = chunk.modelVersion;
      if (chunk.promptFeedback) latest.promptFeedback = chunk.promptFeedback;
      // The counts are running totals. They are merged field by field, because not every chunk has every count.
      if (chunk.usageMetadata) usageMetadata = { ...usageMetadata, ...chunk.usageMetadata };
      const nextCandidate = chunk.candidates?.[0];
      if (!nextCandidate) return '';
      candidate = { ...candidate, ...nextCandidate };
      // The SDK's getter `text` is not used, because it warns on the console about every other kind of part.
      const parts = Array.isArray(nextCandidate.content?.parts) ? nextCandidate.content.parts : [];
      let added = '';
      for (const part of parts) {
        appendPart(nativeParts, part);
        if (typeof part.text === 'string' && !part.thought) added += part.text;
      }
      text += added;
      return added;
    },
    get text() {
      return text;
    },
    /** Whether the reply may end here: it has a finish reason, or the prompt was blocked. */
    get isFinished() {
      const { finishReason = unspecifiedFinishReason } = candidate;
      return finishReason !== unspecifiedFinishReason || latest.promptFeedback?.blockReason !== undefined;
    },
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      return getBilled().usage.outputTokens;
    },
    /**
     * The usage so far, as last reported. Undefined if nothing arrived. If a part of a reply arrived without a report,
     * the request was billed and its counts are unknown.
     */
    get billed(): BilledResponse | undefined {
      return usageMetadata || nativeParts.length > 0 ? getBilled() : undefined;
    },
    /** The complete reply. @throws BoticelliError `blocked`, `truncated` or `empty_reply` */
    buildResponse(): GenerateResponse {
      const billed = getBilled();
      assertUsableReply({ text, candidate, usage: billed.usage, ...latest });
      return {
        text,
        ...billed,
        // A unary response without a finish reason is complete. A stream without a finish reason does not get here.
        finishReason: candidate.finishReason ?? unspecifiedFinishReason,
        turn: { role: 'model', text, model: stripModelPrefix(requestedModel), native: reuseText(text, nativeParts) },
      };
    },
  };
}

/** The metadata of a chunk: the output tokens so far, if known. */
export function getTokenMetadata({ outputTokens }: { outputTokens: number | undefined }): ChunkMetadata {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}

/** Joins adjacent plain texts, so that a streamed reply is sent back to the model in the same form as a unary reply. */
function appendPart(parts: Part[], part: Part): void {
  if (part.text === '' && isTextOnly(part)) return;
  const previous = parts.at(-1);
  if (previous && isTextOnly(previous) && isTextOnly(part) && Boolean(previous.thought) === Boolean(part.thought)) {
    parts[parts.length - 1] = { ...previous, text: `${previous.text}${part.text}` };
  } else parts.push(part);
}

/**
 * Uses the reply's string for a part with the same text. Two separately joined strings would keep megabytes in memory
 * twice.
 */
function reuseText(text: string, parts: Part[]): Part[] {
  const [onlyPart] = parts;
  return parts.length === 1 && onlyPart && isTextOnly(onlyPart) && !onlyPart.thought ? [{ ...onlyPart, text }] : parts;
}

function isTextOnly(part: Part): boolean {
  for (const field in part) if (field !== 'text' && field !== 'thought') return false;
  return typeof part.text === 'string';
}

interface CollectedReply extends Pick<GenerateContentResponse, 'promptFeedback'> {
  text: string;
  candidate: Candidate;
  usage: Usage;
}

/** The hint for a reply that is empty or was blocked. */
export const changePromptHint = 'Change the prompt, or use another model.';

// Includes the reasons of image models: IMAGE_SAFETY, IMAGE_PROHIBITED_CONTENT, IMAGE_RECITATION.
const blockingFinishReasons = /^(IMAGE_)?(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII)$/;

/**
 * Throws the error of an unusable response: `blocked`, `truncated` or `empty_reply`. Text counts as a reply even if its
 * finish reason is unknown or MAX_TOKENS cut it off.
 */
function assertUsableReply({ text, candidate, usage, promptFeedback }: CollectedReply): void {
  const finishReason: string | undefined = candidate.finishReason;
  if (promptFeedback?.blockReason) {
    const reason = formatBlockReason(promptFeedback.blockReason, promptFeedback.safetyRatings);
    throw new BoticelliError('blocked', `the service blocked the prompt: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (finishReason !== undefined && blockingFinishReasons.test(finishReason)) {
    const reason = formatBlockReason(finishReason, candidate.safetyRatings);
    throw new BoticelliError('blocked', `the service blocked the reply: ${reason}`, { hint: changePromptHint });
  }
  if (text !== '') return;
  if (finishReason === 'MAX_TOKENS') {
    const thoughts = usage.thoughtTokens ? `, after ${usage.thoughtTokens} thought tokens` : '';
    throw new BoticelliError('truncated', `max_tokens was reached before any text${thoughts}`, {
      hint: 'Raise max_tokens or lower thinking: thought tokens count too.',
    });
  }
  const detail = finishReason ?? 'no finish reason';
  throw new BoticelliError('empty_reply', `the reply is empty (${detail})`, { hint: changePromptHint });
}

/**
 * Formats the reason with the categories that are rated as blocking or, if there are none, those that are rated as
 * likely.
 */
function formatBlockReason(reason: string, ratings: readonly SafetyRating[] = []): string {
  const blocking = ratings.filter(({ blocked }) => blocked);
  const likely = ratings.filter(({ probability }) => probability === 'HIGH' || probability === 'MEDIUM');
  const names = (blocking.length > 0 ? blocking : likely).flatMap(({ category }) => category ?? []);
  return names.length > 0 ? `${reason} (${names.join(', ')})` : reason;
}
