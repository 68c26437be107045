/**
 * Replaces `ws`, a dependency of @google/genai, in the bundle, because `ws` loads TLS and compression even for REST
 * requests. The SDK's Live connections use the WebSocket that `gemini/live/socket.ts` passes in.
 */
export class WebSocket {
  constructor() {
    throw new Error('the SDK must use the WebSocket that boticelli passes to it');
  }
}
