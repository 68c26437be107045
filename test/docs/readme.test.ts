import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import type { NarrativeEvent } from '../../src/executor/narrative-events.js';
import { defaultModel } from '../../src/facts/models.js';
import {
  actTableSchema,
  mediaInputSchema,
  mediaSchema,
  narrativeFileSchema,
  narrativeTableSchema,
  textInputSchema,
  tocSchema,
} from '../../src/narrative/schema/file-schema.js';
import { createTemporaryFolder, root, runBoticelli } from '../helpers/boticelli.js';
import { textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';
import { documentationPages, extractCode, findTable, readPage } from './markdown.js';

const readme = readPage('README.md');
const commandLinePage = readPage('bin/README.md');
const languagePage = readPage('narratives/README.md');

const helpTexts = new Map<string, Promise<string>>();
/**
 * Returns what a command prints with `--help`. An empty `command` is the program itself. Each is run only once: the
 * program itself in a new process, and its commands in this process.
 */
function readHelp(command: string): Promise<string> {
  const args = [...command.split(' '), '--help'].filter(Boolean);
  const print = async () => (await (command === '' ? runBoticelli(args) : runInProcess(args))).stdout;
  const text = helpTexts.get(command) ?? print();
  helpTexts.set(command, text);
  return text;
}

/** Lists every command, including subcommands: `run`, `limits`, `limits probe`. */
async function listCommands(parent = ''): Promise<string[]> {
  const matches = [...(await readHelp(parent)).matchAll(/^ {2}(\w+) (?:\[options\]|<)/gm)];
  const subcommands = matches.map(([, command]) => [parent, command].filter(Boolean).join(' '));
  return [...subcommands, ...(await Promise.all(subcommands.map(listCommands))).flat()];
}

test('the first shell block of the README rehearses a sample, and the second is the last line of `.ci/run`', () => {
  const [first, second] = readme.blocks.filter(({ language }) => language === 'sh');
  expect(first?.code).toBe('npm ci && npx boticelli run narratives/release_post.toml --stream --rehearse\n');
  expect(second?.code).toBe('npm ci && npm run check\n');
  expect(readFileSync(join(root, '.ci/run'), 'utf8').trimEnd().split('\n').at(-1)).toBe(second?.code.trimEnd());
});

test('the first example of the README shows what its narrative prints', async () => {
  const [narrative, example] = readme.blocks;
  const [prompt = '', ...lines] = example?.code.trimEnd().split('\n') ?? [];
  expect(prompt).toMatch(/ \| boticelli run release\.toml --last > announcement\.md$/);
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const usages = [...(example?.code.matchAll(/ ([\d,]+) tokens in, ([\d,]+) out/g) ?? [])];
  server.queueReplies(
    ...usages.map(([, input, output]) => {
      const [promptTokenCount, candidatesTokenCount] = [input, output].map((count) =>
        Number(count?.replaceAll(',', '')),
      );
      const usage = { promptTokenCount, candidatesTokenCount };
      return textReply('text', { modelVersion: 'gemini-3.5-flash-lite', usage });
    }),
  );
  const cwd = createTemporaryFolder(onTestFinished, { 'release.toml': narrative?.code ?? '' });
  const options = { cwd, server, input: 'a change\n' };
  const { code, stderr } = await runBoticelli(['run', 'release.toml', '--last'], options);
  const hideTimes = (text: string) => text.replace(/\d+\.\d s\b/g, '<time>');
  expect([code, hideTimes(stderr.trimEnd())]).toEqual([0, hideTimes(lines.join('\n'))]);
});

describe('the documentation of commands and flags', () => {
  test('contains the --help of every command', async () => {
    const allCommands = await listCommands();
    expect(allCommands).toEqual(expect.arrayContaining(['run', 'limits probe']));
    for (const command of ['', ...allCommands]) {
      const prompt = `$ ${['boticelli', command, '--help'].filter(Boolean).join(' ')}\n`;
      const block = commandLinePage.blocks.find(({ code }) => code.startsWith(prompt));
      expect(block?.code).toBe(`${prompt}${await readHelp(command)}`);
    }
  });

  test.each(documentationPages)('mentions only existing flags, in %s', async (name) => {
    const { prose } = readPage(name);
    const mentioned = extractCode(prose).flatMap((code) => code.match(/(?<=^|boticelli.* )--[a-z-]+/g) ?? []);
    const known = (await Promise.all(['', ...(await listCommands())].map(readHelp))).join('').match(/--[a-z-]+/g);
    expect(mentioned.filter((flag) => !known?.includes(flag))).toEqual([]);
  });
});

test('the documentation lists every exit code', () => {
  const rows = findTable(commandLinePage, 'code', 'name');
  const documented = rows.flatMap(([code, name = '']) => extractCode(name).map((codeName) => [codeName, Number(code)]));
  expect(Object.fromEntries(documented)).toEqual(exitCodes);
  expect(documented).toHaveLength(Object.keys(exitCodes).length);
});

/** The fields of every event besides its type; the compiler keeps this complete. */
const eventFields: {
  [Type in NarrativeEvent['type']]: Record<Exclude<keyof Extract<NarrativeEvent, { type: Type }>, 'type'>, true>;
} = {
  'narrative-start': { run: true, narrative: true, acts: true },
  'act-start': { act: true, round: true, index: true, model: true },
  'act-delta': { act: true, round: true, index: true, text: true },
  'act-retry': {
    act: true,
    round: true,
    index: true,
    attempt: true,
    delayMs: true,
    error: true,
    discard: true,
    keepChars: true,
  },
  'act-wait': {
    act: true,
    round: true,
    index: true,
    model: true,
    reason: true,
    waitMs: true,
    until: true,
    guessed: true,
    limit: true,
    isProjectWide: true,
  },
  'act-fallback': { act: true, round: true, index: true, from: true, to: true, reason: true, serviceTier: true },
  'act-note': { act: true, round: true, index: true, about: true, message: true, warning: true, part: true },
  'act-thought': { act: true, round: true, index: true, text: true },
  'act-end': {
    ...{ act: true, round: true, index: true, model: true, requestedModel: true, text: true },
    ...{ finishReason: true, usage: true, attempts: true, waitMs: true, durationMs: true, firstTokenMs: true },
    ...{
      reused: true,
      audio: true,
      media: true,
      costUsd: true,
      serviceTier: true,
      sources: true,
      searches: true,
      code: true,
    },
  },
  'narrative-end': { run: true, status: true, usage: true, costUsd: true, durationMs: true, error: true },
};

test('the documentation lists every event with all of its fields', () => {
  const rows = findTable(commandLinePage, 'type', 'fields').map(([type = '', fields = '']) => [
    extractCode(type)[0],
    extractCode(fields).map((field) => field.replace('?', '')),
  ]);
  const declared = Object.entries(eventFields).map(([type, fields]) => [type, Object.keys(fields)]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(declared));
});

describe('the documentation of narratives', () => {
  test('names every key of the format, and the default model', () => {
    const tables = [
      narrativeFileSchema,
      narrativeTableSchema,
      tocSchema,
      mediaSchema,
      actTableSchema,
      textInputSchema,
      mediaInputSchema,
    ];
    const keys = new Set(tables.flatMap(({ shape }) => Object.keys(shape)));
    expect([...keys].filter((key) => !extractCode(languagePage.prose).includes(key))).toEqual([]);
    expect(languagePage.prose).toContain(`\`${defaultModel}\``);
  });

  test('has examples without errors', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    cpSync(join(root, 'narratives/media'), join(folder, 'media'), { recursive: true });
    const examples = [...readme.blocks, ...languagePage.blocks].filter(({ language }) => language === 'toml');
    for (const [index, { code }] of examples.entries()) writeFileSync(join(folder, `${index}.toml`), code);
    const files = examples.map((_, index) => `${index}.toml`);
    const { stdout } = await runInProcess(['check', ...files, '--format', 'json'], { cwd: folder });
    expect(files.length).toBeGreaterThan(0);
    expect(JSON.parse(stdout).files).toEqual(files.map((file) => ({ file, valid: true, diagnostics: [] })));
  });
});

test('the example of the settings is valid, and the section of the settings names the keys for limits, Redis and the store', async () => {
  const [example] = commandLinePage.blocks.filter(({ language }) => language === 'toml');
  const cwd = createTemporaryFolder(onTestFinished, { 'boticelli.toml': example?.code ?? '' });
  expect(await runInProcess(['limits'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  const section = /^## Settings$.*?^## /ms.exec(commandLinePage.text)?.[0] ?? '';
  const keys = [
    'rpm',
    'tpm',
    'rpd',
    'max_concurrent',
    'tpm_multiplier',
    'rpd_multiplier',
    'redis_url',
    'keep',
    'prompts',
  ];
  expect(keys.filter((key) => !section.includes(key))).toEqual([]);
});

describe('the documentation, compared with the source', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'));

  test('lists every folder of src, and no folder that does not exist', () => {
    const folders = findTable(readPage('src/README.md'), 'folder').flatMap(([folder = '']) => extractCode(folder));
    const entries = readdirSync(join(root, 'src'), { withFileTypes: true });
    const existing = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `src/${name}/`);
    expect(existing).toContain('src/gemini/');
    expect(folders).toEqual(expect.arrayContaining(existing));
    expect(
      folders
        .filter((folder) => !/[*]/.test(folder) && /^(src|bin|test)\//.test(folder))
        .filter((folder) => !existsSync(join(root, folder))),
    ).toEqual([]);
  });

  test('lists every environment variable that the program reads', () => {
    const documented = extractCode(findTable(commandLinePage, 'variable', 'meaning').flat().join(' ')).join(' ');
    const variablesRead = sources.flatMap((text) => text.match(/(?<=\benv\.|\bgetVariable\(')[A-Z][A-Z_]+/g) ?? []);
    expect(variablesRead).toContain('GEMINI_API_KEY');
    expect(variablesRead.filter((variable) => !documented.includes(variable))).toEqual([]);
  });
});
