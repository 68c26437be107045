import type { ExecutedCode, ToolUse } from '../../driver/tool-use.js';
import { formatCount } from '../text/format.js';

/** The maximum number of lines that are shown of each piece of code, and of each output. */
const maxCodeLines = 40;

/** Formats what the tools did, for the line of a finished act: `2 searches`, `5 sources`. */
export function formatToolCounts({ searches = [], sources = [], code = [] }: ToolUse): string[] {
  return [
    ...(searches.length > 0 ? [`${searches.length} ${searches.length === 1 ? 'search' : 'searches'}`] : []),
    ...(sources.length > 0 ? [formatCount(sources.length, 'source')] : []),
    ...(code.length > 0 ? [formatCount(code.length, 'code run')] : []),
  ];
}

/** Formats what the tools did as lines: searches, numbered sources, and code with its output. */
export function formatToolUse({ searches = [], sources = [], code = [] }: ToolUse): string[] {
  return [
    ...searches.map((query) => `searched: ${query}`),
    ...sources.map(({ title, uri }, index) => `source ${index + 1}: ${title === undefined ? uri : `${title}, ${uri}`}`),
    ...code.flatMap(formatCode),
  ];
}

function formatCode({ language, code, output, outcome }: ExecutedCode): string[] {
  const outcomeText = outcome === undefined ? '' : ` (${outcome})`;
  return [
    `Google ran ${language} code${outcomeText}:`,
    ...indentLines(code),
    ...(output === undefined ? [] : ['its output:', ...indentLines(output)]),
  ];
}

function indentLines(text: string): string[] {
  const lines = text.replace(/\s+$/, '').split(/\r?\n/);
  const hidden = lines.length - maxCodeLines;
  return [
    ...lines.slice(0, maxCodeLines).map((line) => `  ${line.replaceAll('\t', '    ')}`),
    ...(hidden > 0 ? [`  … ${formatCount(hidden, 'more line')}`] : []),
  ];
}
