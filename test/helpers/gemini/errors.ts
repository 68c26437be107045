import type { ScriptedReply } from './replies.js';

const googleStatuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Creates the body of an error, as Google sends it over REST and within a stream. */
export function createErrorBody(code: number, message: string, details: object[] = []) {
  return {
    error: { code, message, status: googleStatuses[code] ?? 'UNKNOWN', ...(details.length > 0 && { details }) },
  };
}

/** Creates a reply with an error status; `headers` may have `retry-after`, for example. */
export function errorReply(
  code: number,
  message: string,
  details: object[] = [],
  headers?: Record<string, string>,
): ScriptedReply {
  return { status: code, body: createErrorBody(code, message, details), ...(headers && { headers }) };
}

/** 503 with Google's message. */
export function overloadedError(): ScriptedReply {
  return errorReply(503, 'The model is overloaded. Please try again later.');
}

/** 400 for an invalid API key. The details contain `echo`, because the service was seen to repeat the key there. */
export function invalidKeyError(echo = 'key1234'): ScriptedReply {
  const message = 'API key not valid. Please pass a valid API key.';
  return errorReply(400, message, [
    createErrorInfo('API_KEY_INVALID', { service: 'generativelanguage.googleapis.com' }),
    { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
    { '@type': 'type.googleapis.com/google.rpc.DebugInfo', detail: `Invalid API key: ${echo}` },
  ]);
}

/** 404 for a model that does not exist or does not support the method. */
export function unknownModelError(model: string, method = 'generateContent'): ScriptedReply {
  return errorReply(
    404,
    `models/${model} is not found for API version v1beta, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  );
}

/** Creates the detail that names a reason. */
export function createErrorInfo(reason: string, metadata: Record<string, string> = {}): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata };
}

/** Creates the detail that asks to wait, for example `17s` or `47.3s`. */
export function createRetryInfo(retryDelay: string): object {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay };
}

export interface WireQuotaViolation {
  quotaId: string;
  /** The limit. Google sometimes omits it. */
  quotaValue?: string;
  quotaMetric?: string;
  model?: string;
}

/** 429 with the limits that were exceeded. Without violations and without a delay it has no details, as on paid tiers. */
export function quotaError(
  violations: WireQuotaViolation[],
  retryDelay?: string,
  headers?: Record<string, string>,
): ScriptedReply {
  const violationDetails = violations.map(({ model, ...violation }) => ({
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
    ...violation,
    quotaDimensions: { location: 'global', ...(model !== undefined && { model }) },
  }));
  const lines = violations.map(
    ({ quotaValue, model }, index) =>
      `\n* Quota exceeded for metric: ${violationDetails[index]?.quotaMetric}, limit: ${quotaValue ?? 20}${model ? `, model: ${model}` : ''}`,
  );
  const message = `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.${lines.join('')}${retryDelay ? `\nPlease retry in ${retryDelay}.` : ''}`;
  const details = [
    ...(violations.length > 0
      ? [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: violationDetails }]
      : []),
    ...(retryDelay === undefined ? [] : [createRetryInfo(retryDelay)]),
  ];
  return errorReply(429, message, details, headers);
}

/** 429 because the limit of requests per minute is exceeded. */
export function minuteQuotaError(model: string, { limit = '10', retryDelay = '17s' } = {}): ScriptedReply {
  const quotaId = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';
  return quotaError([{ quotaId, quotaValue: limit, model }], retryDelay);
}

/**
 * 429 because the limit of requests per day is exceeded. Its retry delay is far too short, as Google's is: the quota
 * resets only after the day.
 */
export function dayQuotaError(model: string, { limit = '20', retryDelay = '47.307372861s' } = {}): ScriptedReply {
  const quotaId = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';
  return quotaError([{ quotaId, quotaValue: limit, model }], retryDelay);
}
