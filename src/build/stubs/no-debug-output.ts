/**
 * Replaces the `debug` package in the bundle. With the real package and `DEBUG` set, the proxy agents would print what
 * they send to the proxy, including the API key and the proxy's password.
 */
export default function createDebug(): () => void {
  return () => {};
}
