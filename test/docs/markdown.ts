import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../helpers/boticelli.js';

/** Every page of the documentation, as a path from the root. */
export const documentationPages = [
  'README.md',
  'GEMINI.md',
  'CHANGELOG.md',
  'bin/README.md',
  'narratives/README.md',
  'src/README.md',
  'test/README.md',
];

/** A parsed page of the documentation. */
export interface MarkdownPage {
  name: string;
  text: string;
  /** The fenced blocks, in order. */
  blocks: { language: string; code: string }[];
  /** The text without its fenced blocks. */
  prose: string;
  /** The anchors that GitHub derives from the headings. */
  anchors: string[];
  /** The targets of links that are not URLs. */
  relativeLinks: string[];
}

/** Reads a page by its path from the root. */
export function readPage(name: string): MarkdownPage {
  const text = readFileSync(join(root, name), 'utf8');
  const fence = /^```(\w*)\n(.*?)^```$/gms;
  const blocks = [...text.matchAll(fence)].map(([, language = '', code = '']) => ({ language, code }));
  const prose = text.replaceAll(fence, '');
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return {
    ...{ name, text, blocks, prose },
    anchors: headings.map(toAnchor),
    relativeLinks: links.filter((target) => !/^[a-z]+:/.test(target)),
  };
}

/** Returns the anchor that GitHub gives a heading: in lower case, with hyphens for spaces, without punctuation. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/**
 * Returns the rows of the table whose header starts with these cells. Cells are trimmed. Throws if there is no such
 * table.
 */
export function findTable({ name, prose }: MarkdownPage, ...head: string[]): string[][] {
  const lines = prose.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head.join(' | ')} |`));
  if (start === -1) throw new Error(`${name} has no table | ${head.join(' | ')} |`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Returns the texts of inline `code` in a cell or a page, without backticks. */
export function extractCode(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}
