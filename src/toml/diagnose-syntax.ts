import type { Diagnostic, Location } from './diagnostic.js';
import { locate } from './location.js';
import { maxLocatableLength } from './locator.js';
import type { ParseFailure } from './parse-toml.js';

const expectedValueMessage = 'expected a value: a string in quotes, a number, true or false, an array or a table';

/** What @iarna/toml refuses of good TOML: dates and times in arrays and inline tables, and times at the end of a line. */
const unsupportedDateMessage = `a date or a time can't be read here: write it as a string, in "quotes"`;

/** The parser's messages and what we say instead; the first that fits. */
const plainMessages: readonly (readonly [RegExp, string])[] = [
  [/^Unterminated multi-line string/, 'this multi-line string is never closed'],
  [/^Unterminated string/, 'the string is not closed on its line'],
  [/expecting string, number|boolean|"nan"|"inf"/, expectedValueMessage],
  [/only whitespace or comments/, 'expected nothing more on this line; inside of a string a quote is written \\"'],
  [/expected "="|^Key ended/, 'expected "=" after the key'],
  [/redefine|extend an inline/, 'this is defined a second time'],
  [/^Unknown character|^Empty bare keys/, 'expected a key, a [table] or a # comment'],
  [/escape|unicode/i, "unknown escape in a string; a backslash is written \\\\, or the string put in 'single quotes'"],
  [/whitespace, \. or \]/, 'expected "]" after the name of the table'],
  [/comma \(,\) or close bracket/, 'expected "," or "]" in the array'],
  [/^Unterminated inline array/, 'this is not closed: an array may go over several lines, an inline table may not'],
  [/^Trailing commas/, 'an inline table has no comma before its "}"'],
  [/^Control characters/, 'a control character: write it as an escape, \\u0000 for example, in a string in "quotes"'],
  [/datetime|date$|time$|year part|padded/i, 'this is no valid date, time or number'],
  [/number|digit/, 'this is no valid number'],
];

/** The fault of a text that is no TOML. */
export async function diagnoseSyntax(text: string, { error, offset }: ParseFailure): Promise<Diagnostic> {
  const lineEndDiagnostic = diagnoseLineEndings(text);
  if (lineEndDiagnostic) return lineEndDiagnostic;
  const strictResult = await parseStrictly(text);
  const message =
    strictResult === 'good'
      ? unsupportedDateMessage
      : plainMessages.find(([pattern]) => pattern.test(error.message))?.[1];
  const location = locateSyntaxError(text, error, Math.min(offset, text.length), strictResult);
  return { severity: 'error', rule: 'syntax', message: message ?? error.message, location };
}

/** The fault of a file that an old program has written: it is all one line to TOML. */
function diagnoseLineEndings(text: string): Diagnostic | undefined {
  const lineEnd = text.indexOf('\r');
  if (lineEnd === -1 || text.includes('\n')) return undefined;
  const message = 'the lines of the file end with CR alone: save it with LF, or CRLF, at their ends';
  return { severity: 'error', rule: 'syntax', message, location: locate(text, 0, lineEnd) };
}

function locateSyntaxError(
  text: string,
  error: Error,
  offset: number,
  strictResult: number | 'good' | undefined,
): Location {
  if (error.message.startsWith('Unterminated multi-line')) {
    // It swallowed the rest of the file, so its opening quotes are the last ones there are.
    const start = Math.max(text.lastIndexOf('"""', offset), text.lastIndexOf("'''", offset));
    return locate(text, start, start + 3);
  }
  if (error.message === 'Invalid Datetime' || strictResult === 'good') {
    // Dates are judged when they are read to their end, or to the space after it.
    const [date = ''] = /[^\s=,[{]*\s?$/.exec(text.slice(0, offset)) ?? [];
    return locate(text, offset - date.length, offset - date.length + date.trimEnd().length);
  }
  const errorLocation = locate(text, offset, offset + 1);
  // The other parser points at the cause, a key that is there twice, say, where this one has read on to the line's end.
  const causeLocation = typeof strictResult === 'number' ? locate(text, strictResult, strictResult + 1) : errorLocation;
  return causeLocation.line <= errorLocation.line ? causeLocation : errorLocation;
}

/** Where the second parser stops reading, or that it has no fault to find. On deep nesting it overflows the stack, and is of no help. */
async function parseStrictly(text: string): Promise<number | 'good' | undefined> {
  if (text.length > maxLocatableLength) return undefined;
  const { ParseError, parseTOML } = await import('toml-eslint-parser');
  try {
    parseTOML(text);
    return 'good';
  } catch (thrown) {
    return thrown instanceof ParseError ? thrown.index : undefined;
  }
}
