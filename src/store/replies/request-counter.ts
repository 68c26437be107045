import type { GenerateRequest } from '../../driver/request.js';
import type { RequestId } from './reply-cache.js';
import { describeRequest, type RequestDescription, requestKey } from './request-key.js';

/** A request of a run, with its number among its like. */
export interface CountedRequest {
  id: RequestId;
  description: RequestDescription;
  /** To be called when it has its reply. */
  markAnswered: () => void;
}

/** Numbers the requests of a run. One counts when it has its reply: a call that is tried another way is the same one. */
export function createRequestCounter(): (request: GenerateRequest) => Promise<CountedRequest> {
  const counts = new Map<string, number>();
  return async (request) => {
    const description = await describeRequest(request);
    const key = requestKey(description);
    const occurrence = counts.get(key) ?? 0;
    return { id: { key, occurrence }, description, markAnswered: () => void counts.set(key, occurrence + 1) };
  };
}
