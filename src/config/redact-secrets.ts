/**
 * The text with each secret that can be told in it as so many `*`, so that places in it stay right: the keys that are
 * handed in, whatever looks like a key of Google's, and what people wrongly write into settings files: passwords in
 * addresses, and what follows `key =`, `token =`, `secret =` or `password =` on its line. Code frames show what stands
 * in a file, and standard error is often kept.
 */
export function redactSecrets(text: string, keys: readonly string[] = []): string {
  const keyPatterns = keys.filter((key) => key !== '').map(createKeyPattern);
  return [...keyPatterns, ...secretPatterns].reduce((redacted, pattern) => redacted.replace(pattern, maskSecret), text);
}

/** Where a shape has a group, that is what comes before the secret. */
const secretPatterns: readonly RegExp[] = [
  /\b(?:AIza|AQ\.)[\w.-]{16,}/g,
  // Bounded, for a file of nothing but `://` is read too.
  /(:\/\/)[^\s"']{1,200}(?=@)/g,
  /((?:key|token|secret|password)["']?[ \t]*=[ \t]*)[^\s=].*/gi,
];

function maskSecret(secret: string, prefix: string | number): string {
  const visiblePrefix = typeof prefix === 'string' ? prefix : '';
  return visiblePrefix + '*'.repeat(secret.length - visiblePrefix.length);
}

/** A key that is too short to be a real one, such as `test`, is only found as a word of its own, not in `latest`. */
function createKeyPattern(key: string): RegExp {
  const escaped = key.replace(/[^A-Za-z0-9_]/g, '\\$&');
  return new RegExp(key.length < 8 ? `(?<![\\w-])${escaped}(?![\\w-])` : escaped, 'g');
}
