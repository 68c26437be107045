declare module 'proxy-from-env' {
  /** Returns the proxy of a URL by the process's environment variables, or an empty string. */
  export function getProxyForUrl(url: string): string;
}
