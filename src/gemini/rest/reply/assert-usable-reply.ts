import type { Part } from '@google/genai';
import type { ReplyMedia } from '../../../driver/reply-media.js';
import type { Usage } from '../../../driver/response.js';
import { BoticelliError } from '../../../errors.js';
import { classifyFinishReason } from '../../../facts/finish-reasons.js';
import { toRecords } from '../../../util/json.js';
import { toOneLine } from '../../errors/one-line.js';
import { describeNonTextParts } from './describe-parts.js';

/** A reply that has ended. */
export interface CollectedReply {
  text: string;
  /** The pictures and sounds, if any. */
  media?: readonly ReplyMedia[] | undefined;
  /** All parts, those with text included. */
  parts: readonly Part[];
  /** Empty if the prompt was blocked. */
  finishReason: string;
  /** What the service says about the finish reason, on one line. */
  finishMessage?: string | undefined;
  safetyRatings?: unknown;
  blockedPrompt?: BlockedPrompt | undefined;
  usage: Usage;
}

/** The feedback about a prompt that was blocked, as the service sent it. */
export interface BlockedPrompt {
  blockReason: string;
  blockReasonMessage?: unknown;
  safetyRatings?: unknown;
}

/** The hint for a reply that is empty or was blocked. */
const changePromptHint = 'Change the prompt, or use another model.';

/**
 * Throws the error of an unusable reply: `blocked`, `truncated`, `empty_reply`, or `unavailable` for an empty hop.
 * White space alone is an empty reply, except in a hop that another hop continues. Text or media is a usable reply even
 * if the finish reason is unknown, or if MAX_TOKENS cut the reply off.
 */
export function assertUsableReply(reply: CollectedReply): void {
  const { text, finishReason, finishMessage, blockedPrompt } = reply;
  if (blockedPrompt) {
    const { blockReason, blockReasonMessage, safetyRatings } = blockedPrompt;
    const message = typeof blockReasonMessage === 'string' ? toOneLine(blockReasonMessage) : undefined;
    const reason = formatReason(blockReason + formatRatings(safetyRatings), message);
    throw new BoticelliError('blocked', `the service blocked the prompt: ${reason}`, { hint: 'Change the prompt.' });
  }
  const kind = classifyFinishReason(finishReason);
  if (kind === 'blocked') {
    const reason = formatReason(finishReason + formatRatings(reply.safetyRatings), finishMessage);
    throw new BoticelliError('blocked', `the service blocked the reply: ${reason}`, { hint: changePromptHint });
  }
  if (kind === 'continued') assertHopNotEmpty(reply);
  if (kind === 'continued' || text.trim() !== '' || reply.media?.length) return;
  if (kind === 'truncated') {
    const { thoughtTokens } = reply.usage;
    const thoughts = thoughtTokens ? `, after ${thoughtTokens} thought tokens` : '';
    throw new BoticelliError('truncated', `max_tokens was reached before any text${thoughts}`, {
      hint: 'Raise max_tokens or lower thinking: thought tokens count too.',
    });
  }
  throw createEmptyReplyError(formatReason(finishReason, finishMessage), reply.parts);
}

/** Creates the error of a reply without text. It names what the reply has instead. */
export function createEmptyReplyError(reason: string, parts: readonly Part[]): BoticelliError {
  const otherParts = describeNonTextParts(parts);
  const message =
    otherParts === undefined
      ? `the reply is empty (${reason})`
      : `the reply has no text, only ${otherParts} (${reason})`;
  return new BoticelliError('empty_reply', message, { hint: changePromptHint });
}

/**
 * Throws if a hop of a long reply has neither text nor media nor thoughts. The reply is not continued, because the
 * service may go on sending empty hops.
 */
function assertHopNotEmpty({ text, media, usage: { thoughtTokens } }: CollectedReply): void {
  if (text !== '' || media?.length || thoughtTokens) return;
  throw new BoticelliError('unavailable', 'the service sent an empty part of a long reply', {
    hint: 'This is a fault of the service. Try again later, or ask for a shorter reply.',
  });
}

/** Formats a reason, followed by what the service says about it, if anything. */
function formatReason(reason: string, message: string | undefined): string {
  const shortReason = toOneLine(reason);
  return message === undefined || message === '' ? shortReason : `${shortReason}: ${message}`;
}

/** Formats the categories that are rated as blocking or, if there are none, those that are rated as likely. */
function formatRatings(ratings: unknown): string {
  const list = toRecords(ratings);
  const blocking = list.filter(({ blocked }) => blocked === true);
  const likely = list.filter(({ probability }) => probability === 'HIGH' || probability === 'MEDIUM');
  const names = (blocking.length > 0 ? blocking : likely).flatMap(({ category }) =>
    typeof category === 'string' ? category : [],
  );
  return names.length > 0 ? ` (${names.join(', ')})` : '';
}
