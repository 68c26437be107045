/**
 * Stands for `ws` in the bundle of @google/genai (`bundle:sdk` in package.json), which would load TLS and compression for
 * every request over REST: the SDK's Live connections are made by a factory of ours (live-socket.ts), never by its own.
 */
export class WebSocket {
  constructor() {
    throw new Error('boticelli makes the WebSockets of the SDK itself');
  }
}
