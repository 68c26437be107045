/**
 * Replaces `debug` in the bundle. With `DEBUG` in the environment, the proxy agents would print what they send to the
 * proxy: the API key and the proxy's password.
 */
export default function createDebug(): () => void {
  return () => {};
}
