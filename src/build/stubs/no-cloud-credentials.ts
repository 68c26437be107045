/**
 * Stands for `google-auth-library` in the bundle (see `bundle` in package.json), which would add half a megabyte for
 * nothing: @google/genai imports its `GoogleAuth` but makes one only where no API key was passed, and we always pass one.
 */
export class GoogleAuth {
  constructor() {
    throw new Error('boticelli signs its requests with an API key; Google Cloud credentials are not supported');
  }
}
