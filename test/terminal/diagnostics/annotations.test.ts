import { expect, test } from 'vitest';
import { formatAnnotation } from '../../../src/terminal/diagnostics/annotations.js';
import type { Diagnostic } from '../../../src/toml/diagnostic.js';

const diagnostic: Diagnostic = {
  severity: 'error',
  rule: 'unknown-key',
  message: 'there is no "modle"',
  location: { line: 3, column: 5, length: 7 },
};

test('annotates the location of an error or a warning', () => {
  expect(formatAnnotation(diagnostic, 'a/b.toml')).toBe(
    '::error file=a/b.toml,line=3,endLine=3,col=5,endColumn=12,title=unknown-key::there is no "modle"',
  );
  expect(formatAnnotation({ ...diagnostic, severity: 'warning' }, 'a/b.toml')).toMatch(/^::warning file=/);
});

test('adds a suggestion on its own line', () => {
  expect(formatAnnotation({ ...diagnostic, suggestion: 'model' }, 'a')).toMatch(
    /::there is no "modle"%0Adid you mean "model"\?$/,
  );
});

test('a diagnostic without a location annotates the whole file, and one without a file annotates none', () => {
  const { location: _, ...unplaced } = diagnostic;
  expect(formatAnnotation(unplaced, 'a.toml')).toBe('::error file=a.toml,title=unknown-key::there is no "modle"');
  expect(formatAnnotation(diagnostic)).toBe('::error title=unknown-key::there is no "modle"');
});

test('replaces control characters of messages, suggestions and file names with symbols', () => {
  const annotation = formatAnnotation(
    { ...diagnostic, message: '{{\u001b[31m\u009b1m}}', suggestion: 'a\u0007' },
    'a\u001b.toml',
  );
  expect(annotation).toMatch(/^::error file=a␛\.toml,.*::\{\{␛\[31m\ufffd1m\}\}%0Adid you mean "a␇"\?$/);
});

test('escapes messages and file names so that they cannot start another workflow command', () => {
  const annotation = formatAnnotation({ ...diagnostic, message: '100% of\r\n::add-mask::x' }, 'a,b:c%.toml');
  expect(annotation).toBe(
    '::error file=a%2Cb%3Ac%25.toml,line=3,endLine=3,col=5,endColumn=12,title=unknown-key::100%25 of%0D%0A::add-mask::x',
  );
});
