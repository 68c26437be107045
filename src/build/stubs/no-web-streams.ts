/**
 * Replaces the global `ReadableStream` in the bundle of @google/genai, which reads its prototype at the start, so that
 * Node would load its web streams. Only the SDK's client of the Interactions API creates such streams, and boticelli
 * never uses that client.
 */
export class ReadableStream {
  constructor() {
    throw new Error('boticelli does not use the Interactions API');
  }
}
