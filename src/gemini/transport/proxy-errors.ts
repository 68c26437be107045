import { type ClientRequest, STATUS_CODES } from 'node:http';
import { BoticelliError } from '../../errors.js';
import { classifyNetworkError } from '../errors/classify-network-error.js';

/** What a request's way through a proxy came to. */
export interface ProxyMonitor {
  /** The proxy's fault that an error stands for; undefined where the proxy did its part. */
  classifyError(error: Error): BoticelliError | undefined;
  /** The error that an answer with this status stands for, where it is the proxy's own. */
  classifyStatus(status: number): BoticelliError | undefined;
}

/** Listens to what the agent tells of the proxy before the request is on its way. */
export function monitorProxy(
  clientRequest: ClientRequest,
  { proxyHost, host }: { proxyHost: string; host: string },
): ProxyMonitor {
  let isProxyReached = false;
  let tunnelStatus = 200;
  clientRequest.on('proxyConnect', ({ statusCode = 200 }: { statusCode?: number }) => {
    isProxyReached = true;
    tunnelStatus = statusCode;
  });
  const classifyStatus = (status: number) => {
    if (tunnelStatus !== 200) return createProxyRejectionError(tunnelStatus, proxyHost, host);
    return status === 407 ? createProxyRejectionError(status, proxyHost, host) : undefined;
  };
  return {
    classifyStatus,
    classifyError: (error) =>
      isProxyReached || clientRequest.reusedSocket ? classifyStatus(0) : createProxyUnreachableError(error, proxyHost),
  };
}

// What a proxy does wrong is told as the proxy's own: a person would else look for the fault at the service.

/** A request that its proxy did not take: it is not there, or what answers there is no proxy. */
function createProxyUnreachableError(thrown: unknown, proxyHost: string): BoticelliError {
  const { code, message, hint, isTransient, cause } = classifyNetworkError(thrown, `the proxy ${proxyHost}`);
  const isCertificate = hint?.includes('NODE_EXTRA_CA_CERTS');
  return new BoticelliError(code, message, { hint: isCertificate ? (hint ?? '') : checkProxyHint, isTransient, cause });
}

/** A request that the proxy answered itself, with a status other than 200 where it was to open a tunnel. */
function createProxyRejectionError(status: number, proxyHost: string, host: string): BoticelliError {
  const statusText = [status, STATUS_CODES[status]].filter(Boolean).join(' ');
  if (status === 407) {
    return new BoticelliError('unavailable', `the proxy ${proxyHost} wants another user and password (${statusText})`, {
      hint: 'Give them in HTTPS_PROXY or HTTP_PROXY, as http://user:password@host:port.',
    });
  }
  return new BoticelliError('unavailable', `the proxy ${proxyHost} opens no way to ${host}: ${statusText}`, {
    hint: checkProxyHint,
    isTransient: status >= 500,
  });
}

const checkProxyHint = 'Check HTTPS_PROXY and HTTP_PROXY; what NO_PROXY lists is asked without a proxy.';
