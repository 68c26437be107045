import type { Environment } from './environment-variables.js';

/**
 * Returns a function that finds the proxy of a URL by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, upper or
 * lower case. Undefined, without loading anything, if the environment names no proxy. A `.env` is not read, because its
 * author could then see the requests.
 */
export async function createProxyResolver(
  environment: Environment,
): Promise<((url: string) => string | undefined) | undefined> {
  const proxyVariables = Object.entries(environment).filter(
    ([name, value = '']) => /^(https?|all)_proxy$/i.test(name) && value.trim() !== '',
  );
  if (proxyVariables.length === 0) return undefined;
  const { getProxyForUrl } = await import('proxy-from-env');
  return (url) => {
    const proxy = getProxyForUrl(url);
    if (proxy === '') return undefined;
    // Without a scheme the library assumes that of the URL; curl assumes http, which is what proxies use.
    const hasScheme = proxyVariables.some(([, value]) => value === proxy);
    return hasScheme ? proxy : proxy.replace(/^\w+:/, 'http:');
  };
}
