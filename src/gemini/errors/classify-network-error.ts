import { BoticelliError } from '../../errors.js';
import { toOneLine } from './one-line.js';

// Node's codes, in words. What is not listed is told by its own message.
const messagesByCode: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it reset the connection',
  EPIPE: 'it closed the connection',
  ERR_STREAM_PREMATURE_CLOSE: 'it closed the connection',
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name service does not answer',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no network',
};

const certificateCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|ERR_TLS|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/;

/** What went wrong below HTTP, in words: never with a URL or a key, whatever the error's own message has. */
export function describeNetworkError(thrown: unknown): string {
  const { code, message } = findRootCause(thrown);
  // Node's words for an end without a reset, where the code is the same, and those of https-proxy-agent.
  if (/^(socket hang up|aborted|Proxy connection ended.*)$/.test(message)) return 'it closed the connection';
  return messagesByCode[code] ?? (toOneLine([code, message].filter(Boolean).join(' '), 160) || 'unknown');
}

/** The root of a network error as a cause to keep: its code and message alone, for the error itself has the request. */
export function createNetworkCause(thrown: unknown): Error {
  const { code, message } = findRootCause(thrown);
  return new Error(toOneLine(`${code} ${message}`));
}

/**
 * A request that got no answer at all: `unavailable`, passing unless the connection can't ever be made as it is.
 * @param urlHint what to do where the URL is at fault
 */
export function classifyNetworkError(thrown: unknown, host: string, urlHint = 'Check the base URL.'): BoticelliError {
  const { code } = findRootCause(thrown);
  const cause = createNetworkCause(thrown);
  if (certificateCodes.test(code)) {
    return new BoticelliError('unavailable', `the certificate of ${host} can't be trusted: ${code}`, {
      hint: 'Where a company proxy signs the connections, set NODE_EXTRA_CA_CERTS to its certificate (a .pem file).',
      cause,
    });
  }
  // These come of the URL: `http:` where TLS is spoken or the reverse.
  const isTransient = !/ERR_SSL|EPROTO|^HPE_/.test(code);
  const hint = isTransient ? 'Check the network, then try again.' : urlHint;
  return new BoticelliError('unavailable', `there is no answer from ${host}: ${describeNetworkError(thrown)}`, {
    hint,
    isTransient,
    cause,
  });
}

/** The reason may be a cause's cause; with several addresses it is an AggregateError, whose first error stands for all. */
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
