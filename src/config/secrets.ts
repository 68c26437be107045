/**
 * The text with each secret that can be told in it as so many `*`, so that places in it stay right: the keys that are
 * handed in, whatever looks like a key of Google's, and what people wrongly write into settings files: passwords in
 * addresses, and what follows `key =`, `token =`, `secret =` or `password =` on its line. Code frames show what stands
 * in a file, and standard error is often kept.
 */
export function withoutSecrets(text: string, keys: readonly string[] = []): string {
  const known = keys.filter((key) => key !== '').map(patternOf);
  return [...known, ...shapes].reduce((rest, shape) => rest.replace(shape, hidden), text);
}

/** Where a shape has a group, that is what comes before the secret. */
const shapes: readonly RegExp[] = [
  /\b(?:AIza|AQ\.)[\w.-]{16,}/g,
  // Bounded, for a file of nothing but `://` is read too.
  /(:\/\/)[^\s"']{1,200}(?=@)/g,
  /((?:key|token|secret|password)["']?[ \t]*=[ \t]*)[^\s=].*/gi,
];

function hidden(secret: string, before: string | number): string {
  const shown = typeof before === 'string' ? before : '';
  return shown + '*'.repeat(secret.length - shown.length);
}

/** A key that is too short to be a real one, such as `test`, is only found as a word of its own, not in `latest`. */
function patternOf(key: string): RegExp {
  const escaped = key.replace(/[^A-Za-z0-9_]/g, '\\$&');
  return new RegExp(key.length < 8 ? `(?<![\\w-])${escaped}(?![\\w-])` : escaped, 'g');
}
