/** A text, a number or a boolean that a reply is compared with. */
export type Scalar = string | number | boolean;

/** One condition. Its name is the key in the narrative file. */
export type Condition =
  | { name: 'contains' | 'not_contains'; texts: readonly string[] }
  | { name: 'matches'; pattern: string }
  | { name: 'min_words' | 'max_words' | 'min' | 'max'; limit: number }
  | { name: 'equals' | 'one_of'; values: readonly Scalar[] };

/** A condition that the reply of an act has to meet: `expect` in the narrative file. */
export type Expectation = Condition & {
  /** The JSON Pointer (RFC 6901) of the value in a JSON reply. Absent: the text of the reply. */
  pointer?: string;
};

/**
 * Returns expectations with their placeholders filled.
 * @param render fills a text; `formatValue` says how a value is written into it
 */
export function renderExpectations(
  expectations: readonly Expectation[],
  render: (text: string, formatValue?: (value: string) => string) => string,
): Expectation[] {
  return expectations.map((expectation) => {
    if ('texts' in expectation) return { ...expectation, texts: expectation.texts.map((text) => render(text)) };
    if ('pattern' in expectation) return { ...expectation, pattern: render(expectation.pattern, escapePattern) };
    if (!('values' in expectation)) return expectation;
    const values = expectation.values.map((value) => (typeof value === 'string' ? render(value) : value));
    return { ...expectation, values };
  });
}

/** Returns the texts in expectations. These texts may contain placeholders. */
export function listExpectedTexts(expectations: readonly Expectation[] = []): string[] {
  return expectations.flatMap((expectation) => {
    if ('texts' in expectation) return expectation.texts;
    if ('pattern' in expectation) return [expectation.pattern];
    return 'values' in expectation ? expectation.values.filter((value) => typeof value === 'string') : [];
  });
}

/** Escapes a value for a pattern, so that this part of the pattern matches only the value itself. */
export function escapePattern(value: string): string {
  return value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
