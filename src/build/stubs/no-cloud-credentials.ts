/**
 * Replaces `google-auth-library` in the bundle, which would add half a megabyte that is never used: @google/genai
 * creates its `GoogleAuth` only without an API key, and boticelli always passes one.
 */
export class GoogleAuth {
  constructor() {
    throw new Error('boticelli signs its requests with an API key; Google Cloud credentials are not supported');
  }
}
