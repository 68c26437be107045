/**
 * Replaces each character of a secret with `*`, so that positions in the text stay valid. Secrets are the given keys,
 * anything that looks like a Google API key, user names and passwords in URLs, and the rest of a line after `key =`,
 * `token =`, `secret =` or `password =`. This is necessary because code frames show lines of settings files, and
 * standard error is often stored.
 */
export function redactSecrets(text: string, keys: readonly string[] = []): string {
  const isLong = (key: string) => key.length > maxPatternKeyLength;
  const textWithoutLongKeys = keys.filter(isLong).reduce((masked, key) => masked.replaceAll(key, maskSecret), text);
  const keyPatterns = keys.filter((key) => key !== '' && !isLong(key)).map(createKeyPattern);
  return [...keyPatterns, ...secretPatterns].reduce(
    (redacted, pattern) => redacted.replace(pattern, maskSecret),
    textWithoutLongKeys,
  );
}

/**
 * The maximum length of a key that is replaced by means of a pattern. A longer key is replaced as plain text: it may be
 * too large for a regular expression, and the error about that would contain the key.
 */
const maxPatternKeyLength = 256;

/** If a pattern has a capture group, the group matches the text before the secret. */
const secretPatterns: readonly RegExp[] = [
  /\b(?:AIza|AQ\.)[\w.-]{16,}/g,
  // The length is bounded, so that a file that repeats `://` takes linear time.
  /(:\/\/)[^\s"']{1,200}(?=@)/g,
  /((?:key|token|secret|password)["']?[ \t]*=[ \t]*)[^\s=].*/gi,
];

/**
 * @param match the secret, with the text of the capture group before it
 * @param prefix the text of the capture group, or the position of the match if the pattern has no group
 */
function maskSecret(match: string, prefix: string | number): string {
  const visiblePrefix = typeof prefix === 'string' ? prefix : '';
  return visiblePrefix + '*'.repeat(match.length - visiblePrefix.length);
}

/**
 * Creates the pattern for a given key. A key that is too short to be real, such as `test`, is replaced only as a whole
 * word, so that `latest` stays as it is.
 */
function createKeyPattern(key: string): RegExp {
  const escaped = key.replace(/[^A-Za-z0-9_]/g, '\\$&');
  return new RegExp(key.length < 8 ? `(?<![\\w-])${escaped}(?![\\w-])` : escaped, 'g');
}
