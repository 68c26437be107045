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
import { extractCode, findTable, readPage } from './markdown.js';

const readme = readPage('README.md');
const readHelp = async (command: string) =>
  (await runBoticelli([...command.split(' '), '--help'].filter(Boolean))).stdout;

/** Every command, those within a command too: `run`, `limits`, `limits probe`. */
async function listCommands(parent = ''): Promise<string[]> {
  const matches = [...(await readHelp(parent)).matchAll(/^ {2}(\w+) (?:\[options\]|<)/gm)];
  const subcommands = matches.map(([, command]) => [parent, command].filter(Boolean).join(' '));
  return [...subcommands, ...(await Promise.all(subcommands.map(listCommands))).flat()];
}

test('the first two commands are the ones for a fresh clone, and CI runs the second', () => {
  const [first, second] = readme.blocks;
  expect(first?.code).toBe('npm ci && npx boticelli run narratives/release_post.toml --stream --rehearse\n');
  expect(second?.code).toBe('npm ci && npm run check\n');
  expect(readFileSync(join(root, '.ci/run'), 'utf8').trimEnd().split('\n').at(-1)).toBe(second?.code.trimEnd());
});

describe('the command line', () => {
  test('is shown as --help prints it, that of every command', async () => {
    const allCommands = await listCommands();
    expect(allCommands).toEqual(expect.arrayContaining(['run', 'limits probe']));
    for (const command of ['', ...allCommands]) {
      const prompt = `$ ${['boticelli', command, '--help'].filter(Boolean).join(' ')}\n`;
      const block = readme.blocks.find(({ code }) => code.startsWith(prompt));
      expect(block?.code).toBe(`${prompt}${await readHelp(command)}`);
    }
  });

  test.each(['README.md', 'GEMINI.md'])('has every flag that %s speaks of', async (name) => {
    const { prose } = readPage(name);
    const mentioned = extractCode(prose).flatMap((code) => code.match(/(?<=^|boticelli.* )--[a-z-]+/g) ?? []);
    const known = (await Promise.all(['', ...(await listCommands())].map(readHelp))).join('').match(/--[a-z-]+/g);
    expect(mentioned.filter((flag) => !known?.includes(flag))).toEqual([]);
  });
});

test('the table of exit codes is that of the program', () => {
  const rows = findTable(readme, 'code', 'name');
  const documented = rows.flatMap(([code, name = '']) => extractCode(name).map((codeName) => [codeName, Number(code)]));
  expect(Object.fromEntries(documented)).toEqual(exitCodes);
  expect(documented).toHaveLength(Object.keys(exitCodes).length);
});

/** The fields of every event beside its type; the compiler keeps this complete. */
const eventFields: {
  [Type in NarrativeEvent['type']]: Record<Exclude<keyof Extract<NarrativeEvent, { type: Type }>, 'type'>, true>;
} = {
  'narrative-start': { run: true, narrative: true, acts: true },
  'act-start': { act: true, round: true, index: true, model: true },
  'act-delta': { act: true, round: true, text: true },
  'act-retry': { act: true, round: true, attempt: true, delayMs: true, error: true, discard: true },
  'act-wait': { act: true, round: true, model: true, reason: true, waitMs: true, until: true, guessed: true },
  'act-fallback': { act: true, round: true, from: true, to: true, reason: true },
  'act-note': { act: true, round: true, about: true, message: true },
  'act-end': {
    ...{ act: true, round: true, index: true, model: true, requestedModel: true, text: true },
    ...{ finishReason: true, usage: true, attempts: true, waitMs: true, durationMs: true, firstTokenMs: true },
    ...{ reused: true, audio: true, costUsd: true },
  },
  'narrative-end': { run: true, status: true, usage: true, costUsd: true, durationMs: true, error: true },
};

test('the table of events has every event with all of its fields', () => {
  const rows = findTable(readme, 'type', 'fields').map(([type = '', fields = '']) => [
    extractCode(type)[0],
    extractCode(fields).map((field) => field.replace('?', '')),
  ]);
  const declared = Object.entries(eventFields).map(([type, fields]) => [type, Object.keys(fields)]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(declared));
});

describe('the narrative format', () => {
  const section = /^## A narrative$.*?^## /ms.exec(readme.prose)?.[0] ?? '';

  test('is documented key by key', () => {
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
    expect([...keys].filter((key) => !extractCode(section).includes(key))).toEqual([]);
    expect(section).toContain(`\`${defaultModel}\``);
  });

  test('has an example without a fault', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    cpSync(join(root, 'narratives/media'), join(folder, 'media'), { recursive: true });
    const examples = readme.blocks.filter(({ language, code }) => language === 'toml' && !isSettings(code));
    for (const [index, { code }] of examples.entries()) writeFileSync(join(folder, `${index}.toml`), code);
    const files = examples.map((_, index) => `${index}.toml`);
    const { stdout } = await runBoticelli(['check', ...files, '--format', 'json'], { cwd: folder });
    expect(files.length).toBeGreaterThan(0);
    expect(JSON.parse(stdout).files).toEqual(files.map((file) => ({ file, valid: true, diagnostics: [] })));
  });
});

const isSettings = (code: string) => code.includes('[providers.');

test('the example of settings is one without fault, and has every limit that settings can have', async () => {
  const [example] = readme.blocks.filter(({ code, language }) => language === 'toml' && isSettings(code));
  const cwd = createTemporaryFolder(onTestFinished, { 'boticelli.toml': example?.code ?? '' });
  expect(await runBoticelli(['limits'], { cwd })).toMatchObject({ code: 0, stderr: '' });
  const section = /^## Settings$.*?^## /ms.exec(readme.text)?.[0] ?? '';
  const keys = ['rpm', 'tpm', 'rpd', 'max_concurrent', 'tpm_multiplier', 'rpd_multiplier', 'redis_url', 'keep'];
  expect(keys.filter((key) => !section.includes(key))).toEqual([]);
});

describe('the picture of the code', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'));

  test('has every room that another one imports from, and no room that is not there', () => {
    const folders = findTable(readme, 'room').flatMap(([room = '']) => extractCode(room));
    const used = sources.flatMap((text) => text.match(/(?<=(?:from |import\()'\.\.?\/)[\w-]+\//g) ?? []);
    expect(used).toContain('gemini/');
    // A folder within a room, such as gemini/live/, is none.
    const existing = [...new Set(used)].map((room) => `src/${room}`).filter((room) => existsSync(join(root, room)));
    expect(folders).toEqual(expect.arrayContaining(existing));
    expect(folders.filter((room) => !existsSync(join(root, room)))).toEqual([]);
  });

  test('goes with a table of every environment variable that is read', () => {
    const documented = extractCode(findTable(readme, 'variable', 'meaning').flat().join(' ')).join(' ');
    const variablesRead = sources.flatMap((text) => text.match(/(?<=\benv\.|\bgetVariable\(')[A-Z][A-Z_]+/g) ?? []);
    expect(variablesRead).toContain('GEMINI_API_KEY');
    expect(variablesRead.filter((variable) => !documented.includes(variable))).toEqual([]);
  });
});
