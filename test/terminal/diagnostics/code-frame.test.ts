import { describe, expect, it } from 'vitest';
import { formatDiagnostics } from '../../../src/terminal/diagnostics/code-frame.js';
import { noColors } from '../../../src/terminal/text/colors.js';
import type { Diagnostic } from '../../../src/toml/diagnostic.js';

const diagnostic: Diagnostic = {
  severity: 'error',
  rule: 'unknown-key',
  message: 'unknown key "temprature" in [acts.final]',
};

function formatDiagnostic(single: Diagnostic, options: Parameters<typeof formatDiagnostics>[1]): string[] {
  return formatDiagnostics([single], options);
}

/** Renders the code frame of a location in a file that has only this line. */
function renderFrame(line: string, column: number, length: number): string[] {
  return formatDiagnostic({ ...diagnostic, location: { line: 1, column, length } }, { file: 'f', text: line }).slice(1);
}

describe('formatDiagnostics', () => {
  it('shows location, message, line, carets and suggestion', () => {
    const text = `${'\n'.repeat(9)}  temprature = 1\nmore = 2\n`;
    const location = { line: 10, column: 3, length: 10 };
    expect(
      formatDiagnostic({ ...diagnostic, location, suggestion: 'temperature' }, { file: 'a b.toml', text }),
    ).toEqual([
      'a b.toml:10:3: error[unknown-key]: unknown key "temprature" in [acts.final]',
      '10 |   temprature = 1',
      '   |   ^^^^^^^^^^',
      '   did you mean "temperature"?',
    ]);
  });

  it('shows no code frame without a location', () => {
    expect(formatDiagnostic({ ...diagnostic, severity: 'warning' }, { file: 'f.toml', text: 'x' })).toEqual([
      'f.toml: warning[unknown-key]: unknown key "temprature" in [acts.final]',
    ]);
  });

  it('uses the colour of the severity', () => {
    const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
    const colors = { ...noColors, error: tag('e'), warning: tag('w'), dim: tag('d'), location: tag('p') };
    const location = { line: 1, column: 1, length: 2 };
    expect(
      formatDiagnostic(
        { ...diagnostic, severity: 'warning', message: 'm', location },
        { file: 'f', text: 'ab', colors },
      ),
    ).toEqual(['<p>f:1:1:</p> <w>warning[unknown-key]:</w> m', '<d>1 |</d> ab', '<d>  |</d> <w>^^</w>']);
  });
});

describe('a code frame', () => {
  it('aligns carets after tabs', () => {
    expect(renderFrame('\tx\t= 1', 4, 1)).toEqual(['1 |     x    = 1', '  |          ^']);
  });

  it('aligns carets after wide, combined and joined characters', () => {
    expect(renderFrame('名前 = x', 6, 1)).toEqual(['1 | 名前 = x', '  |        ^']);
    expect(renderFrame('e\u0301 = x', 6, 1)).toEqual(['1 | e\u0301 = x', '  |     ^']);
    expect(renderFrame('👩‍👧 = x', 9, 1)).toEqual(['1 | 👩‍👧 = x', '  |      ^']);
  });

  it('has as many carets as the location has terminal columns, and one caret at the end of a line', () => {
    expect(renderFrame('"名前"', 1, 4)).toEqual(['1 | "名前"', '  | ^^^^^^']);
    expect(renderFrame('ab', 3, 1)).toEqual(['1 | ab', '  |   ^']);
    expect(renderFrame('\n', 1, 1)).toEqual(['1 |', '  | ^']);
  });

  it('is left out without the text of the file', () => {
    expect(renderFrame('', 3, 1)).toEqual([]);
  });

  it('shows no line of a nested file whose text is hidden', () => {
    const source = { file: 'b.toml', text: '' };
    const location = { line: 2, column: 1, length: 3 };
    const lines = formatDiagnostic({ ...diagnostic, source, location }, { file: 'a.toml', text: 'x = 1' });
    expect(lines).toHaveLength(1);
  });

  it('shows the part of a long line around the location', () => {
    const [line = '', carets = ''] = renderFrame(`${'a'.repeat(500)}HERE${'b'.repeat(500)}`, 501, 4);
    expect(line).toBe(`1 | …${'a'.repeat(40)}HERE${'b'.repeat(56)}…`);
    expect(carets.indexOf('^')).toBe(line.indexOf('H'));
    expect(carets).toMatch(/ \^{4}$/);
  });

  it('truncates a long line on one side if the location is near the other end', () => {
    expect(renderFrame(`HERE${'b'.repeat(500)}`, 1, 4)[0]).toBe(`1 | HERE${'b'.repeat(96)}…`);
    expect(renderFrame(`${'a'.repeat(500)}HERE`, 501, 4)[0]).toBe(`1 | …${'a'.repeat(96)}HERE`);
  });

  it('has no carets beyond the end of the shown part of a line', () => {
    const [line = '', carets = ''] = renderFrame(`x = "${'a'.repeat(5000)}"`, 5, 5002);
    expect(carets.length).toBeLessThanOrEqual(line.length);
  });

  it('does not truncate within a surrogate pair', () => {
    for (const column of [300, 301, 302]) {
      expect(renderFrame('😀'.repeat(300), column, 1).join('')).not.toContain('\ufffd');
    }
    expect(renderFrame('a = 😀', 5, 1)).toEqual(['1 | a = 😀', '  |     ^^']);
  });
});

describe('control characters', () => {
  it('are shown as symbols in a file name, a line, a message and a suggestion', () => {
    const evil = '\x1b]0;title\x07\x1b[2J\x9b31m\r\x7f\u202e\ud800';
    const lines = formatDiagnostic(
      { ...diagnostic, message: `no ${evil}`, suggestion: evil, location: { line: 1, column: 1, length: 1 } },
      { file: `${evil}\n.toml`, text: `a = "${evil}"` },
    );
    expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
    expect(lines.join('')).toMatch(/^[^\n]*$/);
    expect(lines[1]).toBe('1 | a = "␛]0;title␇␛[2J�31m␍␡��"');
  });
});
