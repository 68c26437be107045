/**
 * Replaces the global `ReadableStream` in the bundle of @google/genai. At its start, the SDK reads the prototype of
 * this class, which would make Node load its web streams. Only the SDK's client of the Interactions API creates such
 * streams, and boticelli never uses that client.
 */
export class ReadableStream {
  constructor() {
    throw new Error('boticelli does not use the Interactions API');
  }
}
