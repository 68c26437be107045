/**
 * Whether the environment says that an address is to be reached through a proxy: `HTTPS_PROXY` is set, and `NO_PROXY`
 * names neither the address's host nor a domain that it is in. As curl and Node read the two.
 */
export function isProxied(baseUrl: string, env: Record<string, string | undefined>): boolean {
  if (!URL.canParse(baseUrl)) return false;
  const { protocol, hostname, host } = new URL(baseUrl);
  if (protocol !== 'https:' || !(env.HTTPS_PROXY || env.https_proxy)) return false;
  const spared = (env.NO_PROXY ?? env.no_proxy ?? '').toLowerCase().split(/[\s,]+/);
  return !spared.some((name) => name === '*' || isWithin(name, hostname) || name === host);
}

function isWithin(domain: string, hostname: string): boolean {
  const bare = domain.replace(/^\*?\./, '');
  return bare !== '' && (hostname === bare || hostname.endsWith(`.${bare}`));
}
