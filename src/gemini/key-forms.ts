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
 * Creates a function that replaces each of the forms with `[key]`, even where a form was cut and ends in an ellipsis.
 */
export function createKeyFormRedactor(forms: readonly string[]): (text: string) => string {
  return (text) => {
    let redacted = text;
    for (const form of forms) if (redacted.includes(form)) redacted = redacted.replaceAll(form, '[key]');
    return redactCutForms(redacted, forms);
  };
}

/**
 * The beginning of a form that was cut is redacted if it has at least this many characters. All of Google's keys begin
 * with the same four characters, which are not secret, so four would be too few.
 */
const minCutLength = 8;

/**
 * Replaces the beginning of a form with `[key]` where an ellipsis follows it. Long titles, addresses and messages are
 * cut in this way, and the beginning may be most of the key.
 */
export function redactCutForms(text: string, forms: readonly string[]): string {
  return text.includes('…') ? forms.reduce(redactCutForm, text) : text;
}

function redactCutForm(text: string, form: string): string {
  const start = form.slice(0, minCutLength);
  if (start.length < minCutLength) return text;
  const pieces: string[] = [];
  let end = 0;
  for (let index = text.indexOf(start); index !== -1; index = text.indexOf(start, index + 1)) {
    const beginning = /^[^…]*(?=…)/.exec(text.slice(index, index + form.length))?.[0];
    if (beginning === undefined || !form.startsWith(beginning)) continue;
    pieces.push(text.slice(end, index), '[key]');
    end = index + beginning.length;
  }
  return pieces.length === 0 ? text : [...pieces, text.slice(end)].join('');
}

/** Redacts a text that arrives in pieces. */
export interface StreamRedactor {
  /** Returns the text that can be passed on. Keeps back the end of the text if it may be the beginning of a form. */
  push(text: string): string;
  /** Returns the text that was kept back. */
  flush(): string;
}

/** Creates a redactor that replaces each of the forms with `[key]`, even a form that is spread over several pieces. */
export function createStreamRedactor(forms: readonly string[]): StreamRedactor {
  const redact = createKeyFormRedactor(forms);
  let pending = '';
  return {
    push(text) {
      pending = redact(pending + text);
      const passed = pending.slice(0, findPartialForm(pending, forms));
      pending = pending.slice(passed.length);
      return passed;
    },
    flush() {
      const keptBack = pending;
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
