import { measureWidth } from './display-line.js';

/**
 * Text whose lines are broken between words where they are longer than the terminal is wide; a line that is broken goes on
 * at its own indentation. What stands between fences of code, and a word that is too long by itself, is left alone.
 */
export function wrapText(text: string, columns: number): string {
  let isCode = false;
  return text
    .split('\n')
    .map((line) => {
      const isFence = /^\s*(```|~~~)/.test(line);
      if (isFence) isCode = !isCode;
      // A line without wide characters has no more columns than code units: that spares counting them.
      return isCode || isFence || line.length * 2 <= columns || measureWidth(line) <= columns
        ? line
        : wrapLine(line, columns);
    })
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  const indent = /^\s*(?:[-*+] |\d+[.)] )?/.exec(line)?.[0] ?? '';
  const hangingIndent = ' '.repeat(measureWidth(indent));
  const lines: string[] = [];
  let current = indent;
  let width = measureWidth(indent);
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
