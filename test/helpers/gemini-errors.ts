import type { ScriptedReply } from './gemini-replies.js';

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

/** The body of an error as Google sends it, over REST and in the midst of a stream alike. */
export function createErrorBody(code: number, message: string, details: object[] = []) {
  return {
    error: { code, message, status: googleStatuses[code] ?? 'UNKNOWN', ...(details.length > 0 && { details }) },
  };
}

/** An answer with an error status. `headers` for `retry-after` and the like. */
export function errorReply(
  code: number,
  message: string,
  details: object[] = [],
  headers?: Record<string, string>,
): ScriptedReply {
  return { status: code, body: createErrorBody(code, message, details), ...(headers && { headers }) };
}

/** 503 in Google's words. */
export function overloadedError(): ScriptedReply {
  return errorReply(503, 'The model is overloaded. Please try again later.');
}

/** 400 for a key that isn't valid. `echo` is put into the details, as the service was seen to do with the key. */
export function invalidKeyError(echo = 'key1234'): ScriptedReply {
  const message = 'API key not valid. Please pass a valid API key.';
  return errorReply(400, message, [
    createErrorInfo('API_KEY_INVALID', { service: 'generativelanguage.googleapis.com' }),
    { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
    { '@type': 'type.googleapis.com/google.rpc.DebugInfo', detail: `Invalid API key: ${echo}` },
  ]);
}

/** 404 for a model that doesn't exist or can't be asked by this method. */
export function unknownModelError(model: string, method = 'generateContent'): ScriptedReply {
  return errorReply(
    404,
    `models/${model} is not found for API version v1beta, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  );
}

/** The detail that names a reason. */
export function createErrorInfo(reason: string, metadata: Record<string, string> = {}): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata };
}

/** The detail that asks to wait: `17s`, `47.3s`. */
export function createRetryInfo(retryDelay: string): object {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay };
}

export interface QuotaViolation {
  quotaId: string;
  /** The limit. Google leaves it out at times. */
  quotaValue?: string;
  quotaMetric?: string;
  model?: string;
}

/** A 429 that names the limits it refused by. Without violations and a delay it has no details, as a paid tier's may. */
export function quotaError(
  violations: QuotaViolation[],
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

/** A minute's requests are used up. */
export function minuteQuotaError(model: string, { limit = '10', retryDelay = '17s' } = {}): ScriptedReply {
  const quotaId = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';
  return quotaError([{ quotaId, quotaValue: limit, model }], retryDelay);
}

/** A day's requests are used up. Its delay lies, as Google's does. */
export function dayQuotaError(model: string, { limit = '20', retryDelay = '47.307372861s' } = {}): ScriptedReply {
  const quotaId = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';
  return quotaError([{ quotaId, quotaValue: limit, model }], retryDelay);
}
