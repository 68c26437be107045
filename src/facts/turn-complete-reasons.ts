/**
 * The reasons with which the Live API ends a turn, from `TurnCompleteReason` of @google/genai 2.32 (read 2026-11-30). A
 * turn that ends as usual has no reason.
 */

/** proto3's name for a missing reason. */
const unspecifiedReason = 'TURN_COMPLETE_REASON_UNSPECIFIED';

/**
 * Matches the reasons of blocked turns: RESPONSE_REJECTED, BLOCKLIST, UNSAFE_PROMPT_FOR_IMAGE_GENERATION, and all that
 * begin with INPUT_ or GENERATED_ or contain PROHIBITED. INPUT_OTHER is "other input safety issue", GENERATED_OTHER
 * "other generated content issue". SAFETY, RECITATION and SPII are finish reasons of blocked replies over
 * REST, so a new reason that contains one of them counts as blocked too.
 */
const blockedReasonPattern = /^(INPUT|GENERATED)_|PROHIBITED|REJECTED|BLOCK|UNSAFE|SAFETY|RECITATION|SPII/i;

/**
 * Classifies a reason by what it says about the reply. `incomplete` stands for MALFORMED_FUNCTION_CALL,
 * NEED_MORE_INPUT, MAX_REGENERATION_REACHED and every unknown reason: none of them says that the reply is whole.
 */
export function classifyTurnCompleteReason(reason: string): 'whole' | 'blocked' | 'incomplete' {
  if (reason === '' || reason.toUpperCase() === unspecifiedReason) return 'whole';
  return blockedReasonPattern.test(reason) ? 'blocked' : 'incomplete';
}
