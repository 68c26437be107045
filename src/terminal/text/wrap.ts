import { measureWidth } from './printable.js';

/**
 * Wraps lines that are wider than the terminal, between words and with a hanging indent. Fenced code blocks, and words
 * that are wider than the terminal by themselves, stay unchanged.
 */
export function wrapText(text: string, columns: number): string {
  let isCode = false;
  const lines = text.split('\n').map((line) => {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence) isCode = !isCode;
    // A code unit takes at most two columns, so lines of up to half the width need not be measured.
    const fits = isCode || isFence || line.length * 2 <= columns || measureWidth(line) <= columns;
    return fits ? line : wrapLine(line, columns);
  });
  return lines.join('\n');
}

function wrapLine(line: string, columns: number): string {
  const indent = /^\s*(?:[-*+] |\d+[.)] )?/.exec(line)?.[0] ?? '';
  const hangingIndent = ' '.repeat(measureWidth(indent));
  const lines: string[] = [];
  let current = indent;
  let width = hangingIndent.length;
  let isEmpty = true;
  for (const word of line.slice(indent.length).split(' ')) {
    const wordWidth = measureWidth(word);
    if (!isEmpty && width + 1 + wordWidth > columns) {
      lines.push(current);
      current = hangingIndent + word;
      width = hangingIndent.length + wordWidth;
    } else {
      current += isEmpty ? word : ` ${word}`;
      width += wordWidth + (isEmpty ? 0 : 1);
    }
    isEmpty = false;
  }
  return [...lines, current].join('\n');
}
