import type { Part } from '@google/genai';
import type { GenerateResponse, ReplyAudio, TokenDetails, Usage } from '../../driver/response.js';
import type { ToolUse } from '../../driver/tool-use.js';
import { UntranscribedSpeech } from '../../driver/untranscribed-speech.js';
import { BoticelliError } from '../../errors.js';
import { classifyTurnCompleteReason } from '../../facts/turn-complete-reasons.js';
import { toOneLine } from '../errors/one-line.js';
import { createEmptyReplyError } from '../rest/reply/assert-usable-reply.js';

/** A turn that is over. */
interface CollectedTurn {
  model: string;
  text: string;
  audio: ReplyAudio | undefined;
  /** Parts that are neither text nor speech. */
  otherParts: readonly Part[];
  /** The service's reason for the end of the turn; empty for a usual end. */
  turnCompleteReason: string;
  usage: Usage;
  tokenDetails?: TokenDetails;
  toolUse: ToolUse;
}

/** Builds the reply of a turn. @throws BoticelliError `blocked` or `empty_reply` */
export function buildLiveResponse(turn: CollectedTurn): GenerateResponse {
  const { model, text, audio, turnCompleteReason, usage, tokenDetails, toolUse } = turn;
  assertUsableTurn(turn);
  return {
    text,
    model,
    // The Live API has no finish reasons, only reasons for a turn that does not end as usual.
    finishReason: classifyTurnCompleteReason(turnCompleteReason) === 'whole' ? 'STOP' : turnCompleteReason,
    usage,
    ...(tokenDetails && { tokenDetails }),
    turn: { role: 'model', text, model },
    ...(audio && { audio }),
    ...toolUse,
  };
}

function assertUsableTurn({ text, audio, otherParts, turnCompleteReason }: CollectedTurn): void {
  const reason = toOneLine(turnCompleteReason);
  if (classifyTurnCompleteReason(turnCompleteReason) === 'blocked') {
    throw new BoticelliError('blocked', `the service blocked the turn: ${reason}`, { hint: 'Change the prompt.' });
  }
  if (text.trim() !== '') return;
  if (audio) throw new UntranscribedSpeech(audio);
  throw createEmptyReplyError(reason || 'the turn ended without text', otherParts);
}
