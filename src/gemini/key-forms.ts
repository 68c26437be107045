/**
 * Lists the forms in which a service may repeat a key: as it is, and escaped or encoded. The longest is first, because
 * a shorter form may be a part of it.
 */
export function listKeyForms(apiKey: string): string[] {
  const percentEscapes = [...Buffer.from(apiKey)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const forms = new Set([
    ...[apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)],
    ...[percentEscapes, percentEscapes.toUpperCase()],
    ...listEncodedForms(apiKey),
  ]);
  return [...forms].sort((one, other) => other.length - one.length);
}

/** Lists the forms of a key in base64, in base64url and in hexadecimal. */
export function listEncodedForms(apiKey: string): string[] {
  const hex = Buffer.from(apiKey).toString('hex');
  const base64Forms = [0, 1, 2].map((offset) => encodeBase64(apiKey, offset));
  const urlForms = base64Forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([hex, hex.toUpperCase(), ...base64Forms, ...urlForms])];
}

/**
 * Encodes a key as it appears in the base64 of a longer text, without the characters that also depend on the
 * surrounding text.
 * @param offset the number of bytes before the key, modulo 3
 */
function encodeBase64(apiKey: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(apiKey)]);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/**
 * Creates a function that replaces each of the forms with `[key]`, even where a form was cut (see `redactCutForms`).
 */
export function createKeyFormRedactor(forms: readonly string[]): (text: string) => string {
  return (text) => redactCutForms(redactWholeForms(text, forms), forms);
}

function redactWholeForms(text: string, forms: readonly string[]): string {
  let redacted = text;
  for (const form of forms) if (redacted.includes(form)) redacted = redacted.replaceAll(form, '[key]');
  return redacted;
}

/**
 * The beginning of a form that was cut is redacted if it has at least this many characters. All of Google's keys begin
 * with the same four characters, which are not secret, so four would be too few.
 */
const minCutLength = 8;

/** The end of a text, or the ellipsis with which long titles, addresses and messages are cut. */
const textEnd = /…|$/;

/**
 * Replaces the beginning of a form with `[key]` where an ellipsis or the end of the text follows. The beginning may be
 * most of the key.
 */
export function redactCutForms(text: string, forms: readonly string[], end = textEnd): string {
  return forms.reduce((redacted, form) => redactCutForm(redacted, form, end), text);
}

function redactCutForm(text: string, form: string, end: RegExp): string {
  const start = form.slice(0, minCutLength);
  if (start.length < minCutLength) return text;
  const pieces: string[] = [];
  let copied = 0;
  for (let index = text.indexOf(start); index !== -1; index = text.indexOf(start, Math.max(copied, index + 1))) {
    const following = text.slice(index, index + form.length);
    const length = following.search(end);
    if (length === -1 || !form.startsWith(following.slice(0, length))) continue;
    pieces.push(text.slice(copied, index), '[key]');
    copied = index + length;
  }
  return pieces.length === 0 ? text : [...pieces, text.slice(copied)].join('');
}

/** Redacts a text that arrives in pieces. */
export interface StreamRedactor {
  /** Returns the text that can be passed on. Keeps back the end of the text if it may be the beginning of a form. */
  push(text: string): string;
  /** Ends the text. Returns the text that was kept back; `[key]` if it is the beginning of a form. */
  flush(): string;
}

/** Creates a redactor that replaces each of the forms with `[key]`, even a form that is spread over several pieces. */
export function createStreamRedactor(forms: readonly string[]): StreamRedactor {
  let pending = '';
  return {
    push(text) {
      pending = redactCutForms(redactWholeForms(pending + text, forms), forms, /…/);
      const passed = pending.slice(0, findPartialForm(pending, forms));
      pending = pending.slice(passed.length);
      return passed;
    },
    flush() {
      const keptBack = redactCutForms(pending, forms);
      pending = '';
      return keptBack;
    },
  };
}

/** Returns the index from which the rest of the text may be the beginning of a form, or else the text's length. */
function findPartialForm(text: string, forms: readonly string[]): number {
  let first = text.length;
  for (const form of forms) {
    let index = text.indexOf(form[0] ?? '', Math.max(0, text.length - form.length + 1));
    while (index !== -1 && index < first) {
      if (form.startsWith(text.slice(index))) first = index;
      else index = text.indexOf(form[0] ?? '', index + 1);
    }
  }
  return first;
}
