import { measureWidth } from './printable.js';

/**
 * Wraps lines that are wider than the terminal, between words and with a hanging indent. Fenced code blocks, and words
 * that are wider than the terminal by themselves, stay unchanged.
 */
export function wrapText(text: string, columns: number): string {
  /** The fence that has opened the current code block. */
  let openFence: string | undefined;
  const lines = text.split('\n').map((line) => {
    const fence = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    const isCode = openFence !== undefined || fence !== undefined;
    // A block ends at a fence of the same character that is at least as long.
    if (openFence === undefined) openFence = fence;
    else if (fence?.startsWith(openFence)) openFence = undefined;
    // A code unit takes at most two columns, so lines of up to half the width need not be measured.
    const fits = isCode || line.length * 2 <= columns || measureWidth(line) <= columns;
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
