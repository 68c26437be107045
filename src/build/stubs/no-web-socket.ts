/**
 * Replaces `ws` in the bundle of @google/genai, which would otherwise load TLS and compression even for REST requests.
 * For Live connections, the SDK uses the WebSocket that `gemini/live/socket.ts` passes to it.
 */
export class WebSocket {
  constructor() {
    throw new Error('the SDK must use the WebSocket that boticelli passes to it');
  }
}
