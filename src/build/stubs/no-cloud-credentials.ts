/**
 * Replaces `google-auth-library` in the bundle. The real package would add half a megabyte of unused code:
 * @google/genai creates a `GoogleAuth` only if it has no API key, and boticelli always passes one.
 */
export class GoogleAuth {
  constructor() {
    throw new Error('boticelli signs its requests with an API key; Google Cloud credentials are not supported');
  }
}
