/**
 * Replaces `ws` in the bundle of @google/genai, which would load TLS and compression for every REST request. The SDK's
 * Live connections use the WebSocket that `gemini/live/socket.ts` passes in.
 */
export class WebSocket {
  constructor() {
    throw new Error('the SDK must use the WebSocket that boticelli passes to it');
  }
}
