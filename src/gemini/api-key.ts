import { BoticelliError } from '../errors.js';
import { createKeyFormRedactor, listEncodedForms, listKeyForms, redactCutForms } from './key-forms.js';

const newKeyHint = 'create a key at https://aistudio.google.com/apikey.';

// ASCII quotes and those of word processors. Shells remove their own quotes, but Docker's --env-file and CI
// settings pass them on.
const quotePattern = /^["'`“”„«»‘’‚]|["'`“”„«»‘’‚]$/;
const prefixPattern = /^(?:(bearer)\s|((?:api[-_]?)?key|\w+_API_KEY)\s*[=:])/i;

/** Google's keys have fewer than 100 characters. The tokens of gateways are longer, but must fit into a header. */
const maxKeyLength = 8192;

/**
 * Checks a key before any request. A key that a header can't carry must not reach a request, because the error about
 * the invalid header would quote the key.
 * @throws BoticelliError `missing_api_key` for an empty key; `auth` for a key that a header can't carry, for a key with
 *   quotation marks or with a prefix such as the name of its variable, and for an ephemeral token of the Live API
 */
export function assertUsableKey(apiKey: string): void {
  if (apiKey === '') {
    throw new BoticelliError('missing_api_key', 'the API key is empty', {
      hint: `Set GEMINI_API_KEY, or ${newKeyHint}`,
    });
  }
  if (apiKey.length > maxKeyLength) {
    const message = `the API key has more than ${maxKeyLength} characters`;
    throw new BoticelliError('auth', message, { hint: `Set GEMINI_API_KEY to the key alone, or ${newKeyHint}` });
  }
  if (quotePattern.test(apiKey)) {
    throw new BoticelliError('auth', 'the API key is in quotation marks', {
      hint: 'Set GEMINI_API_KEY to the key alone, without quotation marks.',
    });
  }
  const [prefix, scheme, name] = prefixPattern.exec(apiKey) ?? [];
  if (prefix !== undefined) {
    throw new BoticelliError('auth', `the API key begins with "${scheme ?? `${name}=`}"`, {
      hint: 'Set GEMINI_API_KEY to the key alone, without anything before it.',
    });
  }
  const invalidIndex = apiKey.search(/[^\x21-\x7e]/);
  if (invalidIndex !== -1) {
    throw new BoticelliError('auth', `the API key looks wrong: character ${invalidIndex + 1} is not allowed in a key`, {
      hint: `Copy the key again, without spaces or line breaks, or ${newKeyHint}`,
    });
  }
  if (apiKey.startsWith('auth_tokens/')) {
    throw new BoticelliError('auth', 'the API key is an ephemeral token, which only the Live API accepts', {
      hint: `Set GEMINI_API_KEY to an API key, or ${newKeyHint}`,
    });
  }
}

/** Replaces the key with `[key]` in a text from the service, which may repeat the key ("Invalid API key: …"). */
export type Redact = (text: string) => string;

/**
 * The maximum length of a key that is found even if white space splits it. The pattern of a longer key would be too
 * large for a regular expression.
 */
const maxPatternKeyLength = 256;

/**
 * Creates a function that redacts a key in error messages: as it is, with escapes of JSON or URLs, split by white space
 * (as web pages split long words), in base64, in hexadecimal, and cut with an ellipsis. A key of fewer than 8
 * characters, such as `test`, is redacted only as a separate word, so that `latest` is left unchanged.
 */
export function createRedactor(apiKey: string): Redact {
  if (apiKey === '') return (text) => text;
  if (apiKey.length > maxPatternKeyLength) return createKeyFormRedactor(listKeyForms(apiKey));
  if (apiKey.length < 8) {
    const forms = [apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)].map(escapePattern);
    const pattern = new RegExp(`(?<![\\w-])(?:${forms.join('|')})(?![\\w-])`, 'g');
    return (text) => text.replace(pattern, '[key]');
  }
  const characters = [...apiKey].map((character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
    const anyCase = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
    return `(?:\\\\?${escapePattern(character)}|%${anyCase}|\\\\u00${anyCase})`;
  });
  const encodedForms = listEncodedForms(apiKey).map((form) => [...form].map(escapePattern).join(separators));
  const pattern = new RegExp([characters.join(separators), ...encodedForms].join('|'), 'g');
  const forms = listKeyForms(apiKey);
  return (text) => redactCutForms(text.replace(pattern, '[key]'), forms);
}

/** Matches white space within a key, as it is and as JSON escapes it. */
const separators = '(?:\\s|\\\\[nrt])*';

function escapePattern(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '\\$&');
}

/**
 * Redacts an error and its causes in place, and returns the error. This is the last safeguard before the error leaves
 * the driver. The stack is redacted too, because it repeats the message.
 */
export function redactError<Thrown>(thrown: Thrown, redact: Redact): Thrown {
  for (let error: unknown = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth += 1) {
    for (const field of ['message', 'stack', 'hint', 'partialText']) {
      const text = Reflect.get(error, field);
      if (typeof text === 'string' && redact(text) !== text) Reflect.set(error, field, redact(text));
    }
  }
  return thrown;
}
