import { classifyFinishReason } from '../facts/finish-reasons.js';
import type { GenerateRequest } from './request.js';
import type { GenerateResponse } from './response.js';

/** Tests whether a finish reason says that the reply reached the limit of one request and continues in another hop. */
export function continuesInNextHop(finishReason: string | undefined): boolean {
  return finishReason !== undefined && classifyFinishReason(finishReason) === 'continued';
}

/**
 * Returns the continuation token of a response, with which the next hop is requested. Undefined if the response has
 * none, or has the token of an earlier hop: with that token, the service would send an earlier part again.
 */
export function getNewContinuationToken(
  { finishedHops = [] }: Pick<GenerateRequest, 'finishedHops'>,
  { continuationToken: token }: Pick<GenerateResponse, 'continuationToken'>,
): string | undefined {
  return finishedHops.some((hop) => hop.token === token) ? undefined : token;
}

/** Adds up the output tokens of the hops before a request, thoughts included. The sum is 0 before the first hop. */
export function countHopTokens({ finishedHops = [] }: Pick<GenerateRequest, 'finishedHops'>): number {
  return finishedHops.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
}
