import { isRecord, tryParseJson } from '../../util/json.js';

/** An error as the service words it: google.rpc.Status in JSON, or what a gateway makes of it. */
export interface ServiceError {
  /** An HTTP status, where it has one. */
  code?: number;
  /** Google's name for it, such as `RESOURCE_EXHAUSTED`. */
  status?: string;
  message: string;
  details: readonly ErrorDetail[];
}

/** One of google.rpc's details; which fields there are depends on `@type`. */
export type ErrorDetail = Readonly<Record<string, unknown>>;

/**
 * Reads `{"error": {…}}`, also inside an array, as streams without SSE send it, and inside the text of another error's
 * message: SDKs and gateways wrap JSON in JSON.
 * @returns undefined where the text is no JSON or tells no error
 */
export function parseServiceError(body: string): ServiceError | undefined {
  const parsed = tryParseJson(body);
  const [outer] = Array.isArray(parsed) ? parsed : [parsed];
  return isRecord(outer) ? extractServiceError(outer) : undefined;
}

/** The error that a parsed JSON object tells, or undefined. */
export function extractServiceError({ error }: Record<string, unknown>): ServiceError | undefined {
  if (typeof error === 'string') return { message: error, details: [] };
  if (!isRecord(error)) return undefined;
  const { code, status, message, details } = error;
  const text = typeof message === 'string' ? message : '';
  return (
    (text.includes('"error"') ? parseServiceError(text) : undefined) ?? {
      ...(typeof code === 'number' && { code }),
      ...(typeof status === 'string' && { status }),
      message: text,
      details: Array.isArray(details) ? details.filter(isRecord) : [],
    }
  );
}

// google.rpc.Code's names by the HTTP status that Google sends them with (google/rpc/code.proto).
const httpStatuses: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** The HTTP status of an error that came without one, in the midst of a stream; 500 where it says nothing useful. */
export function getHttpStatus({ code, status = '' }: ServiceError): number {
  return code !== undefined && code >= 400 && code < 600 ? code : (httpStatuses[status] ?? 500);
}

/** The details of one google.rpc type, such as `RetryInfo`. */
export function findDetails(error: ServiceError | undefined, type: string): readonly ErrorDetail[] {
  return error?.details.filter((detail) => String(detail['@type']).endsWith(`google.rpc.${type}`)) ?? [];
}

/** The reason that google.rpc.ErrorInfo names, such as `API_KEY_INVALID`. */
export function getErrorReason(error: ServiceError | undefined): string | undefined {
  const reason = findDetails(error, 'ErrorInfo')[0]?.reason;
  return typeof reason === 'string' ? reason : undefined;
}
