import { type ClientRequest, STATUS_CODES } from 'node:http';
import { BoticelliError } from '../../errors.js';
import { classifyNetworkError, isCertificateError } from '../errors/classify-network-error.js';

/**
 * Watches a request that goes through a proxy, to tell the failures of the proxy from those of the service. Call this
 * as soon as the request is created, because the proxy agent emits `proxyConnect` on the request before sending it.
 */
export function monitorProxy(clientRequest: ClientRequest, proxyHost: string, host: string) {
  let isProxyReached = false;
  let tunnelStatus = 200;
  clientRequest.on('proxyConnect', ({ statusCode = 200 }: { statusCode?: number }) => {
    isProxyReached = true;
    tunnelStatus = statusCode;
  });
  /** Creates an error for a status that the proxy itself sent. Returns undefined for a status that the service sent. */
  const classifyStatus = (status: number) => {
    if (tunnelStatus !== 200) return createProxyRejectionError(tunnelStatus, proxyHost, host);
    return status === 407 ? createProxyRejectionError(status, proxyHost, host) : undefined;
  };
  return {
    classifyStatus,
    /**
     * Creates an error if the proxy caused the given one. Returns undefined if it did not. There is no response, so
     * only the status of the tunnel is classified. A reused connection emits no `proxyConnect`, but reached the proxy
     * earlier.
     */
    classifyError: (error: Error) =>
      isProxyReached || clientRequest.reusedSocket ? classifyStatus(0) : createProxyUnreachableError(error, proxyHost),
  };
}

// These messages name the proxy, so that users do not look for the cause in the service.

/** Creates the error for a proxy that can't be reached, or for a server that is not a proxy. */
function createProxyUnreachableError(thrown: unknown, proxyHost: string): BoticelliError {
  const { code, message, hint, isTransient, cause } = classifyNetworkError(thrown, `the proxy ${proxyHost}`);
  const proxyHint = isCertificateError(thrown) && hint ? hint : checkProxyHint;
  return new BoticelliError(code, message, { hint: proxyHint, isTransient, cause });
}

/** Creates the error for a status that the proxy itself sent: one with which it refused a tunnel, or a 407. */
function createProxyRejectionError(status: number, proxyHost: string, host: string): BoticelliError {
  const statusText = [status, STATUS_CODES[status]].filter(Boolean).join(' ');
  if (status === 407) {
    const message = `the proxy ${proxyHost} requires a valid user and password (${statusText})`;
    const hint = 'Set them in HTTPS_PROXY or HTTP_PROXY: http://user:password@host:port.';
    return new BoticelliError('unavailable', message, { hint });
  }
  return new BoticelliError('unavailable', `the proxy ${proxyHost} did not connect to ${host}: ${statusText}`, {
    hint: checkProxyHint,
    isTransient: status >= 500,
  });
}

const checkProxyHint = 'Check HTTPS_PROXY and HTTP_PROXY. Hosts in NO_PROXY are reached without a proxy.';
