import { BoticelliError } from '../../errors.js';
import { toOneLine } from './one-line.js';

const messagesByCode: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ERR_STREAM_PREMATURE_CLOSE: 'connection closed',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'the name server does not respond',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
};

const certificateCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|ERR_TLS|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/;

/** Describes a failure below HTTP, such as `connection refused`. Contains neither a URL nor the key. */
export function describeNetworkError(thrown: unknown): string {
  const { code, message } = findRootCause(thrown);
  // For a closed connection, Node's error has the code ECONNRESET, and https-proxy-agent's has no code. So the message
  // decides.
  if (/^(socket hang up|aborted|Proxy connection ended.*)$/.test(message)) return 'connection closed';
  return messagesByCode[code] ?? (toOneLine([code, message].filter(Boolean).join(' '), 160) || 'unknown error');
}

/**
 * Creates an error with only the code and message of the root cause. The original error may also hold the request,
 * whose headers may contain the key.
 */
export function createNetworkCause(thrown: unknown): Error {
  const { code, message } = findRootCause(thrown);
  return new Error(toOneLine(`${code} ${message}`));
}

/** Whether a TLS certificate was rejected. */
export function isCertificateError(thrown: unknown): boolean {
  return certificateCodes.test(findRootCause(thrown).code);
}

/**
 * Creates the `unavailable` error of a request that got no response. It is transient unless the certificate or the URL
 * is the cause: then a retry fails too.
 * @param urlHint the hint for an error caused by the URL
 */
export function classifyNetworkError(thrown: unknown, host: string, urlHint = 'Check the base URL.'): BoticelliError {
  const { code } = findRootCause(thrown);
  const cause = createNetworkCause(thrown);
  if (isCertificateError(thrown)) {
    return new BoticelliError('unavailable', `the certificate of ${host} is not trusted: ${code}`, {
      hint: 'If a company proxy intercepts TLS, set NODE_EXTRA_CA_CERTS to its certificate (a .pem file).',
      cause,
    });
  }
  // These errors are caused by the URL: it has `http:` although the server uses TLS, or the reverse.
  const isTransient = !/ERR_SSL|EPROTO|^HPE_/.test(code);
  const hint = isTransient ? 'Check your network connection, then try again.' : urlHint;
  const message = `no response from ${host}: ${describeNetworkError(thrown)}`;
  return new BoticelliError('unavailable', message, { hint, isTransient, cause });
}

/**
 * Returns the code and message of the innermost `cause`. If several addresses failed, the error is an AggregateError,
 * and its first error is used. The code is empty if there is none.
 */
function findRootCause(thrown: unknown): { code: string; message: string } {
  let error = thrown;
  for (let depth = 0; depth < 8 && error instanceof Error; depth += 1) {
    const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
    if (!(inner instanceof Error)) break;
    error = inner;
  }
  if (!(error instanceof Error)) return { code: '', message: String(thrown) };
  const code: unknown = Reflect.get(error, 'code');
  return { code: typeof code === 'string' ? code : '', message: error.message };
}
