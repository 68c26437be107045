import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from '../helpers/boticelli.js';

/*
 * Draws the picture of the README, .github/run.svg: what a terminal shows of a real rehearsed run. Only the durations are
 * replaced by fixed ones, so that the same program draws the same picture.
 */

const args = ['run', 'narratives/release_post.toml', '--stream', '--rehearse'];

/** The width of the terminal: enough for the longest line of progress, and such that replies break between two words. */
const columns = 119;
const cell = { width: 7.8, height: 19 };
const padding = 20;
/** The vertical position of the first line, below the three buttons of the window. */
const firstLineY = 58;

/** Text in one style, and the column at which it begins. */
interface Span {
  text: string;
  style: string;
  column: number;
}

/** The style that each SGR code turns on. Any other code, such as one that turns a style off, selects `plain`. */
const styles: Record<string, string> = { '1': 'bold', '2': 'dim', '31': 'error', '33': 'warning', '36': 'location' };

/** Runs the program in a pseudoterminal, which util-linux's `script` creates, and returns its output with colours. */
function captureRun(): string {
  const state = mkdtempSync(join(tmpdir(), 'boticelli-picture-'));
  const command = `stty cols ${columns}; exec "${process.execPath}" "${bin}" ${args.join(' ')}`;
  // With `CI` there is no spinner. A spinner is cleared before the run ends, so it does not belong in the picture.
  const env = { PATH: process.env.PATH, HOME: state, BOTICELLI_STATE_DIR: state, SHELL: '/bin/sh', CI: '1' };
  try {
    const { status, stdout, error } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: root,
      env: { ...env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (error || status !== 0) throw new Error(`the run to be drawn failed (exit code ${status})`, { cause: error });
    return stdout.replaceAll('\r', '');
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Replaces the durations by fixed ones, which do not depend on the machine. */
function fixDurations(text: string): string {
  return text
    .replaceAll(/first token \d+\.\d s/g, 'first token 0.0 s')
    .replaceAll(/\d+\.\d s total/g, '0.3 s total')
    .replaceAll(/tokens, \d+\.\d s/g, 'tokens, 1.0 s');
}

/** Splits the output into the lines of a terminal, which continues a full line on the next one. */
function parseLines(text: string): Span[][] {
  let style = 'plain';
  let spans: Span[] = [];
  const lines = [spans];
  let column = 0;
  const breakLine = () => {
    spans = [];
    lines.push(spans);
    column = 0;
  };
  for (const [piece, code] of text.matchAll(/\x1b\[(\d*)m|\x1b\[[\d;?]*[A-Za-z]|[^\x1b]/gu)) {
    if (code !== undefined) style = styles[code] ?? 'plain';
    else if (piece === '\n') breakLine();
    else if (!piece.startsWith('\x1b')) {
      if (column === columns) breakLine();
      const last = spans.at(-1);
      if (last?.style === style) last.text += piece;
      else spans.push({ text: piece, style, column });
      column += 1;
    }
  }
  return lines;
}

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Renders a line as SVG. With `textLength`, the columns are aligned in any font of the reader's machine. */
function renderLine(spans: Span[], line: number): string[] {
  return spans.map(({ text, style, column }) => {
    const x = (padding + column * cell.width).toFixed(1);
    const width = (text.length * cell.width).toFixed(1);
    return `<text class="${style}" x="${x}" y="${firstLineY + line * cell.height}" textLength="${width}">${escapeXml(text)}</text>`;
  });
}

function renderPicture(lines: Span[][]): string {
  const width = Math.ceil(columns * cell.width + 2 * padding);
  const height = firstLineY + (lines.length - 1) * cell.height + padding;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}">
<title>boticelli runs a narrative of four acts in a terminal</title>`,
    '<style>text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #d8dee9 }',
    '.bold { font-weight: bold; fill: #fff } .dim { fill: #8a94a6 } .error { fill: #ff7b72 }',
    '.warning { fill: #e3b341 } .location { fill: #76d9e6 }</style>',
    `<rect width="${width}" height="${height}" rx="10" fill="#161b22"/>`,
    ...[24, 44, 64].map((x) => `<circle cx="${x}" cy="22" r="6" fill="#3b4351"/>`),
    ...lines.flatMap(renderLine),
    '</svg>\n',
  ].join('\n');
}

/** Runs the program and returns the picture as SVG. */
export function drawPicture(): string {
  const shown = `\x1b[36m$\x1b[0m \x1b[1mnpx boticelli ${args.join(' ')}\x1b[0m\n${captureRun().trimEnd()}`;
  return renderPicture(parseLines(fixDurations(shown)));
}
