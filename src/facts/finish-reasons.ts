/**
 * Why a model stopped, and why a prompt was blocked.
 *
 * Sources: the discovery document of the Gemini API, revision 2026-04-15 (`Candidate.finishReason`), the enumerations
 * `FinishReason` and `BlockedReason` of @google/genai 2.32, and
 * ai.google.dev/gemini-api/docs/generate-content/long-decode for CONTINUATION. All read 2026-11-30.
 */

/** What a finish reason says about the reply. */
export type FinishKind =
  /** The reply is whole. */
  | 'whole'
  /** max_tokens cut the reply off. */
  | 'truncated'
  /** The reply is longer than one request can return. Another request gets the next part. */
  | 'continued'
  /** The service withheld the reply or the rest of it. */
  | 'blocked'
  /** No reason: the service has not said that the reply has ended. */
  | 'missing'
  /** The reply ended for a reason that does not say whether it is whole. */
  | 'other';

/**
 * The kinds of the known reasons. All others are `other`, including these documented ones: OTHER, LANGUAGE,
 * MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS, MISSING_THOUGHT_SIGNATURE, MALFORMED_RESPONSE,
 * IMAGE_OTHER and NO_IMAGE.
 */
const kinds: ReadonlyMap<string, FinishKind> = new Map([
  ['STOP', 'whole'],
  ['MAX_TOKENS', 'truncated'],
  ['CONTINUATION', 'continued'],
  ['SAFETY', 'blocked'],
  ['RECITATION', 'blocked'],
  ['BLOCKLIST', 'blocked'],
  ['PROHIBITED_CONTENT', 'blocked'],
  ['SPII', 'blocked'],
  ['IMAGE_SAFETY', 'blocked'],
  ['IMAGE_PROHIBITED_CONTENT', 'blocked'],
  ['IMAGE_RECITATION', 'blocked'],
  // Only Vertex AI documents this one (Candidate.FinishReason of google.cloud.aiplatform.v1).
  ['MODEL_ARMOR', 'blocked'],
  ['', 'missing'],
  // proto3's default, which means that the field was not set.
  ['FINISH_REASON_UNSPECIFIED', 'missing'],
]);

/** Classifies a finish reason. Case does not matter, because some gateways write it in lower case. */
export function classifyFinishReason(finishReason: string): FinishKind {
  return kinds.get(finishReason.trim().toUpperCase()) ?? 'other';
}

/**
 * Whether a block reason says that the prompt was blocked. An empty reason and proto3's default value do not. The
 * default value is BLOCK_REASON_UNSPECIFIED in the Gemini API, and BLOCKED_REASON_UNSPECIFIED in Vertex AI and the SDK.
 */
export function isBlockReason(reason: string): boolean {
  return !/^\s*(BLOCK(ED)?_REASON_UNSPECIFIED)?\s*$/i.test(reason);
}
