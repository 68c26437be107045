import { BoticelliError } from '../errors.js';

const apiKeyPageHint = 'keys are made at https://aistudio.google.com/apikey.';

/**
 * Throws where a key can't even be sent: `missing_api_key` for an empty one, `auth` for one that no header can carry or
 * that is meant for another API. Without it fetch would complain by printing the key.
 */
export function assertUsableKey(apiKey: string): void {
  if (apiKey === '') {
    throw new BoticelliError('missing_api_key', 'there is no API key', {
      hint: `Set GEMINI_API_KEY; ${apiKeyPageHint}`,
    });
  }
  const invalidIndex = apiKey.search(/[^\x21-\x7e]/);
  if (invalidIndex !== -1) {
    throw new BoticelliError(
      'auth',
      `the API key can't be right: character ${invalidIndex + 1} is none that keys have`,
      {
        hint: `Copy the key again, without spaces or line ends; ${apiKeyPageHint}`,
      },
    );
  }
  if (apiKey.startsWith('auth_tokens/')) {
    throw new BoticelliError('auth', 'the API key is an ephemeral token, which the Live API alone takes', {
      hint: `Set GEMINI_API_KEY to an API key; ${apiKeyPageHint}`,
    });
  }
}

/** Replaces the key by `[key]` in a text from outside: the service echoes keys ("Invalid API key: …"). */
export type Redact = (text: string) => string;

/**
 * Makes the redaction of one key, in its plain, its JSON and its URL form. A key that is too short to be a real one, such
 * as `test`, is only found as a word of its own, lest it be cut out of `latest`.
 */
export function createRedactor(apiKey: string): Redact {
  if (apiKey === '') return (text) => text;
  const forms = [apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)].map((form) =>
    form.replace(/[^A-Za-z0-9_]/g, '\\$&'),
  );
  const anyForm = forms.join('|');
  const pattern = new RegExp(apiKey.length < 8 ? `(?<![\\w-])(?:${anyForm})(?![\\w-])` : anyForm, 'g');
  return (text) => text.replace(pattern, '[key]');
}

/**
 * The last net under every text that could carry the key: cleans an error and its causes, in place, and returns it.
 * The stack is part of it, for it repeats the message.
 */
export function redactError<Thrown>(thrown: Thrown, redact: Redact): Thrown {
  for (let error: unknown = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth += 1) {
    for (const field of ['message', 'stack', 'hint']) {
      const text = Reflect.get(error, field);
      if (typeof text === 'string' && redact(text) !== text) Reflect.set(error, field, redact(text));
    }
  }
  return thrown;
}
