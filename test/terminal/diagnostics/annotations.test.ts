import { expect, test } from 'vitest';
import { formatAnnotation } from '../../../src/terminal/diagnostics/annotations.js';
import type { Diagnostic } from '../../../src/toml/diagnostic.js';

const fault: Diagnostic = {
  severity: 'error',
  rule: 'unknown-key',
  message: 'there is no "modle"',
  location: { line: 3, column: 5, length: 7 },
};

test('a fault is an error in its place, a warning a warning', () => {
  expect(formatAnnotation(fault, 'a/b.toml')).toBe(
    '::error file=a/b.toml,line=3,endLine=3,col=5,endColumn=12,title=unknown-key::there is no "modle"',
  );
  expect(formatAnnotation({ ...fault, severity: 'warning' }, 'a/b.toml')).toMatch(/^::warning file=/);
});

test('what was meant is said in a line of its own', () => {
  expect(formatAnnotation({ ...fault, suggestion: 'model' }, 'a')).toMatch(
    /::there is no "modle"%0Adid you mean "model"\?$/,
  );
});

test('a fault without a place is of the whole file, and one of no file of nothing', () => {
  const { location: _, ...unplaced } = fault;
  expect(formatAnnotation(unplaced, 'a.toml')).toBe('::error file=a.toml,title=unknown-key::there is no "modle"');
  expect(formatAnnotation(fault)).toBe('::error title=unknown-key::there is no "modle"');
});

test('nothing that a file holds or is called can steer a terminal', () => {
  const annotation = formatAnnotation(
    { ...fault, message: '{{\u001b[31m\u009b1m}}', suggestion: 'a\u0007' },
    'a\u001b.toml',
  );
  expect(annotation).toMatch(/^::error file=a␛\.toml,.*::\{\{␛\[31m\ufffd1m\}\}%0Adid you mean "a␇"\?$/);
});

test('nothing that a file holds or is called can begin another command', () => {
  const annotation = formatAnnotation({ ...fault, message: '100% of\r\n::add-mask::x' }, 'a,b:c%.toml');
  expect(annotation).toBe(
    '::error file=a%2Cb%3Ac%25.toml,line=3,endLine=3,col=5,endColumn=12,title=unknown-key::100%25 of%0D%0A::add-mask::x',
  );
});
