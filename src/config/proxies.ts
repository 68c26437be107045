/**
 * The proxies that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in large letters or
 * small. Undefined, and nothing loaded, where it names none. A `.env` is not asked: whoever wrote it would see the
 * requests.
 */
export async function createProxyResolver(
  environment: Record<string, string | undefined>,
): Promise<((url: string) => string | undefined) | undefined> {
  const isProxyVariable = ([name, value = '']: [string, string | undefined]) =>
    /^(https?|all)_proxy$/i.test(name) && value.trim() !== '';
  const proxyVariables = Object.entries(environment).filter(isProxyVariable);
  if (proxyVariables.length === 0) return undefined;
  const { getProxyForUrl } = await import('proxy-from-env');
  return (url) => {
    const proxy = getProxyForUrl(url);
    if (proxy === '') return undefined;
    // For one without a scheme the library takes the URL's own; curl takes http, which is what proxies speak.
    const hasScheme = proxyVariables.some(([, value]) => value === proxy);
    return hasScheme ? proxy : proxy.replace(/^\w+:/, 'http:');
  };
}
