import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createTemporaryFolder, startBoticelli } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import type { ReceivedRequest } from '../../helpers/gemini/send-reply.js';
import type { GeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

/** The prompt of a request. */
export const getPrompt = ({ body }: ReceivedRequest): string => body.contents.at(-1).parts[0].text;

/** Thirty comments with everything that CSV needs quotes for. */
export const comments = Array.from({ length: 30 }, (_, index) => ({
  id: String(index + 1),
  text:
    [`Comment ${index + 1}, "great"`, `first line\nsecond line ${index + 1}`, `é, "${index + 1}"\r\n\tnext`][
      index % 3
    ] ?? '',
}));

export const toCsv = (rows: readonly Record<string, string>[]) => {
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  return lines.map((cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\r\n`).join('');
};

/** Parses CSV without the program's own parser, to check the files that the program writes. */
export function parseCsv(text: string): Record<string, string>[] {
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)];
  const lines: string[][] = [[]];
  for (const [match, quoted, plain = '', end] of cells) {
    if (match === '') continue;
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') lines.push([]);
  }
  const [header = [], ...rows] = lines.filter((line) => line.length > 0);
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ''])));
}

/** Parses NDJSON. */
export const parseLines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Renders a narrative from the lines of `[acts]` and the order. */
export const renderNarrative = (acts = 'answer = "Answer: {{row.text}}"', order = '["answer"]') =>
  `[narrative]\nname = "comments"\n[toc]\norder = ${order}\n[acts]\n${acts}\n`;

/**
 * A folder with a narrative and comments, and a state folder that all commands of a test share. The server replies
 * `Reply to <prompt>`, with the prompt of the request.
 */
export function setupRows(server: GeminiServer, files: Record<string, string> = {}) {
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': renderNarrative(),
    'c.csv': toCsv(comments),
    ...files,
  });
  server.setDefaultReply((request) => textReply(`Reply to <${getPrompt(request)}>`));
  const options = { cwd, server, env: { BOTICELLI_STATE_DIR: join(cwd, 'state'), GEMINI_TIER: 'tier_1' } };
  return {
    cwd,
    options,
    run: (...args: string[]) => runInProcess(['run', 'n.toml', ...args], options),
    start: (...args: string[]) => startBoticelli(['run', 'n.toml', ...args], options),
    read: (name: string) => readFileSync(join(cwd, name), 'utf8'),
    write: (name: string, text: string) => writeFileSync(join(cwd, name), text),
    prompts: () => server.generateRequests.map(getPrompt),
  };
}
