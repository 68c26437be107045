/**
 * Replaces the `debug` package in the bundle. If `DEBUG` were set, the proxy agents would otherwise print what they
 * send to the proxy, including the API key and the proxy's password.
 */
export default function createDebug(): () => void {
  return () => {};
}
