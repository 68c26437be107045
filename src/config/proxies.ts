import type { Environment } from './environment-variables.js';

/**
 * Returns a function that finds the proxy of a URL from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in
 * upper or lower case. If the environment names no proxy, returns undefined and loads no library. Proxies in a `.env`
 * are ignored, because a `.env` that someone else wrote could send the requests through that person's proxy.
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
    // If the proxy has no scheme, the library adds the scheme of the requested URL. Like curl, we use http instead,
    // because most proxies accept http. If the library did not change the value, the value already had a scheme.
    const isUnchanged = proxyVariables.some(([, value]) => value === proxy);
    return isUnchanged ? proxy : proxy.replace(/^\w+:/, 'http:');
  };
}
