import type { Agent } from 'node:http';
import { BoticelliError } from '../../errors.js';

/**
 * Returns the proxy URL for a request URL, or undefined for a direct connection. The proxy URL may contain a password.
 */
export type ProxyResolver = (url: string) => string | undefined;

/** A route through a proxy. */
export interface ProxyRoute {
  /** The `agent` option of `node:http`, `node:https` and the package `ws`. */
  agent: Agent;
  /** The proxy as `host:port`, the only part of its URL that messages show. */
  proxyHost: string;
}

/**
 * Finds the route to a URL, or undefined for a direct connection.
 *
 * @throws BoticelliError `invalid_config` for a bad proxy URL
 */
export type RouteResolver = (url: URL | string) => Promise<ProxyRoute | undefined>;

/**
 * Creates the routes through proxies. Each proxy has one keep-alive agent for tunnels and one for plain HTTP. The agent
 * packages are loaded only when a proxy applies. WebSocket URLs use the proxies of HTTP URLs: there are no environment
 * variables for WebSocket proxies.
 */
export function createRouteResolver(resolveProxy: ProxyResolver = () => undefined): RouteResolver {
  const routes = new Map<string, Promise<ProxyRoute>>();
  return async (url) => {
    const proxyAddress = resolveProxy(String(url).replace(/^ws/i, 'http'));
    if (proxyAddress === undefined) return undefined;
    // Plain HTTP requests are sent to the proxy itself; all others go through a tunnel.
    const usesTunnel = !/^http:/i.test(String(url));
    const key = `${usesTunnel} ${proxyAddress}`;
    const route = routes.get(key) ?? createRoute(parseProxyUrl(proxyAddress), usesTunnel);
    routes.set(key, route);
    return route;
  };
}

/** The same options as Node's own agents. A connection that has been idle for more than 5 s is not reused. */
const agentOptions = { keepAlive: true, scheduling: 'lifo', timeout: 5000 } as const;

async function createRoute(proxyUrl: URL, usesTunnel: boolean): Promise<ProxyRoute> {
  const agent = usesTunnel
    ? new (await import('https-proxy-agent')).HttpsProxyAgent(proxyUrl, agentOptions)
    : new (await import('http-proxy-agent')).HttpProxyAgent(proxyUrl, agentOptions);
  return { agent, proxyHost: proxyUrl.host };
}

function parseProxyUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  // The message does not contain the URL, which may hold a password.
  throw new BoticelliError('invalid_config', 'the proxy URL is not valid', {
    hint: 'Set HTTPS_PROXY or HTTP_PROXY to http(s)://[user:password@]host[:port].',
  });
}
