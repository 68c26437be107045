declare module 'proxy-from-env' {
  /** The proxy's address by the variables of the process, or an empty text. */
  export function getProxyForUrl(url: string): string;
}
