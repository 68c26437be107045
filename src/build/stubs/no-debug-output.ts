/**
 * Replaces the `debug` package in the bundle. If `DEBUG` is set, the proxy agents use the real package to print what
 * they send to the proxy, including the API key and the proxy's password.
 */
export default function createDebug(): () => void {
  return () => {};
}
