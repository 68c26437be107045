/** Whether a text is a valid base URL of a service: http(s)://host[:port][/path], without user, query or fragment. */
export function isBaseUrl(text: string): boolean {
  // The text is checked too, because `URL` does not show an empty query or fragment.
  if (!URL.canParse(text) || /[?#]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username + password === '';
}

/**
 * Removes the version of Gemini's API from the end of a base URL: `/v1beta`, `/v1alpha` or `/v1`, each also with
 * `/openai` after it, as in Google's page about OpenAI's libraries (ai.google.dev/gemini-api/docs/openai). Other tools
 * want the version in the base URL, but @google/genai appends `/v1beta` itself.
 */
export function stripApiVersion(baseUrl: string): string {
  return baseUrl.replace(/(?<![:/])\/+v1(alpha|beta)?(\/+openai)?\/*$/i, '');
}
