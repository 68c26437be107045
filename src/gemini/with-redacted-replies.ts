import type { BoticelliDriver } from '../driver/driver.js';
import type { DriverEvent } from '../driver/driver-events.js';
import { createLayer } from '../driver/layers/create-layer.js';
import { isRecord } from '../util/json.js';
import type { Redact } from './api-key.js';
import { createKeyFormRedactor, createStreamRedactor, listKeyForms } from './key-forms.js';

/**
 * A shorter key is redacted only in the model's name. Elsewhere in a reply, the key may be an ordinary word: many
 * gateways accept any key, and their users set a key such as `placeholder`. Google's keys have 39 characters and more.
 */
const minKeyLength = 16;

/**
 * Removes the key from replies, in which a gateway may repeat it: from the text, the model's name and everything else
 * that is printed, stored or recorded.
 * @param redactModel redacts a key of any length, in the model's name
 */
export function withRedactedReplies(inner: BoticelliDriver, apiKey: string, redactModel: Redact): BoticelliDriver {
  // The key as it is, and escaped or encoded.
  const keyForms = apiKey.length < minKeyLength ? [] : listKeyForms(apiKey);
  const redactText = createKeyFormRedactor(keyForms);
  return createLayer(inner, {
    async *call(request, context, send) {
      const textRedactor = createStreamRedactor(keyForms);
      const thoughtRedactor = createStreamRedactor(keyForms);
      const { emit } = context;
      const emitThoughts = (text: string) => text === '' || emit?.({ type: 'thought', text });
      const redactedEmit = (event: DriverEvent) => {
        // The key may be split between two pieces of the thoughts.
        if (event.type === 'thought') return void emitThoughts(thoughtRedactor.push(event.text));
        emitThoughts(thoughtRedactor.flush());
        emit?.(redactDeep(event, redactText));
      };
      for await (const chunk of send(request, { ...context, ...(emit && { emit: redactedEmit }) })) {
        const { response, finished } = chunk;
        if (chunk.text !== '' || finished) emitThoughts(thoughtRedactor.flush());
        const text = textRedactor.push(chunk.text) + (finished ? textRedactor.flush() : '');
        if (text === '' && chunk.text !== '' && !finished) continue;
        if (!response) yield { ...chunk, text };
        else {
          const redacted = { ...redactDeep(response, redactText), model: redactModel(response.model) };
          yield { ...chunk, text, response: redacted };
        }
      }
    },
  });
}

/** The maximum depth of values. Deeper ones are replaced with null, so that the recursion ends. */
const maxDepth = 500;

/** Redacts all texts in a value. Returns the value itself if it contains no key. */
function redactDeep<Value>(value: Value, redact: Redact, depth?: number): Value;
function redactDeep(value: unknown, redact: Redact, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (depth > maxDepth) return null;
  if (Array.isArray(value)) {
    const redacted = value.map((element) => redactDeep(element, redact, depth + 1));
    return redacted.some((element, index) => element !== value[index]) ? redacted : value;
  }
  if (!isRecord(value) || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value);
  const redacted = entries.map(([name, field]) => [redact(name), redactDeep(field, redact, depth + 1)] as const);
  const isChanged = redacted.some(
    ([name, field], index) => name !== entries[index]?.[0] || field !== entries[index]?.[1],
  );
  return isChanged ? Object.fromEntries(redacted) : value;
}
