declare module 'proxy-from-env' {
  /** Returns the proxy that the process's environment variables set for a URL, or an empty string. */
  export function getProxyForUrl(url: string): string;
}
