import { type ClientRequest, STATUS_CODES } from 'node:http';
import { BoticelliError } from '../../errors.js';
import { classifyUnreachable } from '../errors/classify-network-error.js';

/** What a request's way through a proxy came to. */
export interface ProxyWatch {
  /** The proxy's fault that an error stands for; undefined where the proxy did its part. */
  faultBehind(error: Error): BoticelliError | undefined;
  /** The error that an answer with this status stands for, where it is the proxy's own. */
  refusalBy(status: number): BoticelliError | undefined;
}

/** Listens to what the agent tells of the proxy before the request is on its way. */
export function watchProxy(
  sending: ClientRequest,
  { proxyHost, host }: { proxyHost: string; host: string },
): ProxyWatch {
  let isReached = false;
  let tunnelStatus = 200;
  sending.on('proxyConnect', ({ statusCode = 200 }: { statusCode?: number }) => {
    isReached = true;
    tunnelStatus = statusCode;
  });
  const refusalBy = (status: number) => {
    if (tunnelStatus !== 200) return refusedByProxy(tunnelStatus, proxyHost, host);
    return status === 407 ? refusedByProxy(status, proxyHost, host) : undefined;
  };
  return {
    refusalBy,
    faultBehind: (error) => (isReached || sending.reusedSocket ? refusalBy(0) : unreachableProxy(error, proxyHost)),
  };
}

// What a proxy does wrong is told as the proxy's own: a person would else look for the fault at the service.

/** A request that its proxy did not take: it is not there, or what answers there is no proxy. */
function unreachableProxy(thrown: unknown, proxyHost: string): BoticelliError {
  const { code, message, hint, passing, cause } = classifyUnreachable(thrown, `the proxy ${proxyHost}`);
  const isCertificate = hint?.includes('NODE_EXTRA_CA_CERTS');
  return new BoticelliError(code, message, { hint: isCertificate ? (hint ?? '') : checkProxy, passing, cause });
}

/** A request that the proxy answered itself, with a status other than 200 where it was to open a tunnel. */
function refusedByProxy(status: number, proxyHost: string, host: string): BoticelliError {
  const words = [status, STATUS_CODES[status]].filter(Boolean).join(' ');
  if (status === 407) {
    return new BoticelliError('unavailable', `the proxy ${proxyHost} wants another user and password (${words})`, {
      hint: 'Give them in HTTPS_PROXY or HTTP_PROXY, as http://user:password@host:port.',
    });
  }
  return new BoticelliError('unavailable', `the proxy ${proxyHost} opens no way to ${host}: ${words}`, {
    hint: checkProxy,
    passing: status >= 500,
  });
}

const checkProxy = 'Check HTTPS_PROXY and HTTP_PROXY; what NO_PROXY lists is asked without a proxy.';
