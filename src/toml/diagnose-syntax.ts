import { type Diagnostic, type Location, locate } from './diagnostic.js';
import { maxLocatableLength } from './locator.js';
import type { ParseFailure } from './parse-toml.js';

const expectedValueMessage = 'expected a value: a string in quotes, a number, true or false, an array or a table';

/**
 * The message for valid TOML that @iarna/toml rejects: dates and times in arrays and inline tables, and times at the
 * end of a line.
 */
const unsupportedDateMessage = 'dates and times are not supported here; write a string in "quotes"';

/** Patterns of @iarna/toml's messages, each with the message to show instead. The first match wins. */
const plainMessages: readonly (readonly [RegExp, string])[] = [
  [/^Unterminated multi-line string/, 'unterminated multi-line string'],
  [/^Unterminated string/, 'unterminated string; for several lines use """'],
  [/expecting string, number|boolean|"nan"|"inf"/, expectedValueMessage],
  [/only whitespace or comments/, 'unexpected text after the value; inside a string write a quote as \\"'],
  [/expected "="|^Key ended/, 'expected "=" after the key'],
  [/redefine|extend an inline/, 'already defined above'],
  [/^Unknown character|^Empty bare keys/, 'expected a key, a [table] or a # comment'],
  [/escape|unicode/i, "unknown escape in a string; write a backslash as \\\\, or use 'single quotes'"],
  [/whitespace, \. or \]/, 'expected "]" after the table name'],
  [/comma \(,\) or close bracket/, 'expected "," or the closing bracket of the array or inline table'],
  [/^Unterminated inline array/, 'unterminated array or inline table'],
  [/^Trailing commas/, 'expected a key and a value after the comma in the inline table'],
  [/^Control characters/, 'control character; write it as an escape such as \\u0000, in a string in "quotes"'],
  [/datetime|date$|time$|year part|padded/i, 'not a valid date, time or number'],
  [/number|digit/, 'not a valid number'],
];

/** Describes why a text is not valid TOML, and where. */
export async function diagnoseSyntax(text: string, { error, offset }: ParseFailure): Promise<Diagnostic> {
  const lineEndDiagnostic = diagnoseLineEndings(text);
  if (lineEndDiagnostic) return lineEndDiagnostic;
  const eslintResult = await parseWithEslintParser(text);
  const message =
    eslintResult === 'valid' && endsWithDate(text.slice(0, offset + 1))
      ? unsupportedDateMessage
      : plainMessages.find(([pattern]) => pattern.test(error.message))?.[1];
  const location = locateSyntaxError(text, error, Math.min(offset, text.length), eslintResult);
  return { severity: 'error', rule: 'syntax', message: message ?? `not valid TOML: ${error.message}`, location };
}

/**
 * Whether a text ends with a date or a time. A space and one more character may follow, because @iarna/toml may read
 * that far before it rejects the date.
 */
function endsWithDate(text: string): boolean {
  return /(?:\d{4}-\d{2}-\d{2}|\d{2}:\d{2})[^\s=,[{]*\s?.?$/.test(text.slice(-100));
}

/** Detects lines that end with CR only, as old Mac programs write them. TOML reads the file as one line. */
function diagnoseLineEndings(text: string): Diagnostic | undefined {
  const lineEnd = text.indexOf('\r');
  if (lineEnd === -1 || text.includes('\n')) return undefined;
  const message = 'the lines end with CR only; save the file with LF or CRLF line endings';
  return { severity: 'error', rule: 'syntax', message, location: locate(text, 0, lineEnd) };
}

function locateSyntaxError(
  text: string,
  error: Error,
  offset: number,
  eslintResult: number | 'valid' | undefined,
): Location {
  if (error.message.startsWith('Unterminated multi-line')) {
    // The string extends to the end of the file, so its opening quotes are the last ones.
    const start = Math.max(text.lastIndexOf('"""', offset), text.lastIndexOf("'''", offset));
    return locate(text, start, start + 3);
  }
  if (error.message === 'Invalid Datetime' || eslintResult === 'valid') {
    // If @iarna/toml rejects a date, it reports the position after the date, or after the date and one space.
    const [date = ''] = /[^\s=,[{]*\s?$/.exec(text.slice(0, offset)) ?? [];
    return locate(text, offset - date.length, offset - date.length + date.trimEnd().length);
  }
  const errorLocation = locate(text, offset, offset + 1);
  // toml-eslint-parser reports the position of the cause, such as a duplicate key. @iarna/toml reports the end of the
  // line. If toml-eslint-parser's position is in a later line, it belongs to another error.
  const causeLocation = typeof eslintResult === 'number' ? locate(text, eslintResult, eslintResult + 1) : errorLocation;
  return causeLocation.line <= errorLocation.line ? causeLocation : errorLocation;
}

/**
 * Parses again with toml-eslint-parser, which supports all of TOML, unlike @iarna/toml. Returns the offset at which it
 * fails, or 'valid', or undefined if the text is too long or so deeply nested that the parser's stack overflows.
 */
async function parseWithEslintParser(text: string): Promise<number | 'valid' | undefined> {
  if (text.length > maxLocatableLength) return undefined;
  const { ParseError, parseTOML } = await import('toml-eslint-parser');
  try {
    parseTOML(text);
    return 'valid';
  } catch (thrown) {
    return thrown instanceof ParseError ? thrown.index : undefined;
  }
}
