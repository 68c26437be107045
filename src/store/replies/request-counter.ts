import type { GenerateRequest } from '../../driver/request.js';
import type { Asked } from './reply-cache.js';
import { type DescribedRequest, describeRequest, requestKey } from './request-key.js';

/** A request of a run, with its number among its like. */
export interface CountedRequest {
  asked: Asked;
  described: DescribedRequest;
  /** To be called when it has its reply. */
  came: () => void;
}

/** Numbers the requests of a run. One counts when it has its reply: a call that is tried another way is the same one. */
export function countedRequests(): (request: GenerateRequest) => Promise<CountedRequest> {
  const counts = new Map<string, number>();
  return async (request) => {
    const described = await describeRequest(request);
    const key = requestKey(described);
    const occurrence = counts.get(key) ?? 0;
    return { asked: { key, occurrence }, described, came: () => void counts.set(key, occurrence + 1) };
  };
}
