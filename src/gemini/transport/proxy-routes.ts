import type { Agent } from 'node:http';
import { BoticelliError } from '../../errors.js';

/** Says which proxy a request to an address goes through, or undefined where it goes straight. May have a password in it. */
export type ProxyFor = (url: string) => string | undefined;

/** The way to an address that leads through a proxy. */
export interface ProxyRoute {
  /** For `node:http`, `node:https` and the package `ws` alike: their `agent`. */
  agent: Agent;
  /** The proxy as `host:port`: all of its address that is ever printed. */
  proxyHost: string;
}

/** Finds the way to an address; undefined is the straight one. Rejects with `invalid_config` for a proxy that can't be one. */
export type RouteTo = (url: URL | string) => Promise<ProxyRoute | undefined>;

/**
 * Makes the routes through proxies, an agent for each of them, which keeps its connections. Nothing is loaded before a
 * proxy applies. Addresses of a WebSocket go where those of HTTP do: proxies have no variables of their own for them.
 */
export function proxyRoutes(proxyFor: ProxyFor = () => undefined): RouteTo {
  const routes = new Map<string, Promise<ProxyRoute>>();
  return async (url) => {
    const address = String(url).replace(/^ws/i, 'http');
    const proxy = proxyFor(address);
    if (proxy === undefined) return undefined;
    // A request in the clear is handed to the proxy itself; all else goes through a tunnel that it can't see into.
    const tunnels = !/^http:/i.test(String(url));
    const route = routes.get(`${tunnels} ${proxy}`) ?? openRoute(usableProxy(proxy), tunnels);
    routes.set(`${tunnels} ${proxy}`, route);
    return route;
  };
}

/** As Node's own agents are: a connection that is idle for longer than 5 s is not used again. */
const likeNodes = { keepAlive: true, scheduling: 'lifo', timeout: 5000 } as const;

async function openRoute(proxy: URL, tunnels: boolean): Promise<ProxyRoute> {
  const agent = tunnels
    ? new (await import('https-proxy-agent')).HttpsProxyAgent(proxy, likeNodes)
    : new (await import('http-proxy-agent')).HttpProxyAgent(proxy, likeNodes);
  return { agent, proxyHost: proxy.host };
}

function usableProxy(address: string): URL {
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && /^https?:$/.test(proxy.protocol) && proxy.hostname !== '') return proxy;
  // The address itself is not repeated: it may have a password in it.
  throw new BoticelliError('invalid_config', "the proxy's address can't be used", {
    hint: 'Give it, in HTTPS_PROXY or HTTP_PROXY, as http(s)://[user:password@]host[:port].',
  });
}
