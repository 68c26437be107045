import type { Agent } from 'node:http';
import { BoticelliError } from '../../errors.js';

/** Says which proxy a request to an address goes through, or undefined where it goes straight. May have a password in it. */
export type ProxyResolver = (url: string) => string | undefined;

/** The way to an address that leads through a proxy. */
export interface ProxyRoute {
  /** For `node:http`, `node:https` and the package `ws` alike: their `agent`. */
  agent: Agent;
  /** The proxy as `host:port`: all of its address that is ever printed. */
  proxyHost: string;
}

/** Finds the way to an address; undefined is the straight one. Rejects with `invalid_config` for a proxy that can't be one. */
export type RouteResolver = (url: URL | string) => Promise<ProxyRoute | undefined>;

/**
 * Makes the routes through proxies, an agent for each of them, which keeps its connections. Nothing is loaded before a
 * proxy applies. Addresses of a WebSocket go where those of HTTP do: proxies have no variables of their own for them.
 */
export function createRouteResolver(resolveProxy: ProxyResolver = () => undefined): RouteResolver {
  const routes = new Map<string, Promise<ProxyRoute>>();
  return async (url) => {
    const httpUrl = String(url).replace(/^ws/i, 'http');
    const proxyAddress = resolveProxy(httpUrl);
    if (proxyAddress === undefined) return undefined;
    // A request in the clear is handed to the proxy itself; all else goes through a tunnel that it can't see into.
    const usesTunnel = !/^http:/i.test(String(url));
    const route = routes.get(`${usesTunnel} ${proxyAddress}`) ?? createRoute(parseProxyUrl(proxyAddress), usesTunnel);
    routes.set(`${usesTunnel} ${proxyAddress}`, route);
    return route;
  };
}

/** As Node's own agents are: a connection that is idle for longer than 5 s is not used again. */
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
  // The address itself is not repeated: it may have a password in it.
  throw new BoticelliError('invalid_config', "the proxy's address can't be used", {
    hint: 'Give it, in HTTPS_PROXY or HTTP_PROXY, as http(s)://[user:password@]host[:port].',
  });
}
