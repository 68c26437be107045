import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './helpers/boticelli.js';

/** What each folder may import besides itself and facts/: downhill only. `(types)` allows only `import type`. */
const allowedImports: Record<string, string[]> = {
  'main.ts': ['commands', 'cli', 'config', 'terminal', 'errors.ts'],
  'index.ts': [
    ...['stack', 'config (types)', 'toml', 'executor', 'narrative', 'driver'],
    ...['gemini', 'rehearsal', 'quota', 'store', 'errors.ts'],
  ],
  commands:
    'cli stack config toml terminal report rows executor narrative media driver gemini rehearsal quota store database util errors.ts'.split(
      ' ',
    ),
  cli: 'config terminal driver executor narrative quota store database toml util errors.ts'.split(' '),
  stack: ['config', 'narrative', 'driver', 'gemini', 'quota', 'store', 'errors.ts'],
  config: ['narrative', 'quota (types)', 'toml', 'util', 'errors.ts'],
  terminal: [
    ...'executor narrative toml driver quota store errors.ts'.split(' ').map((folder) => `${folder} (types)`),
    'util',
  ],
  rows: ['terminal', 'executor (types)', 'driver (types)', 'narrative', 'media', 'util', 'errors.ts'],
  report: ['terminal', 'store (types)', 'util', 'errors.ts'],
  executor: ['narrative', 'driver', 'util', 'errors.ts'],
  narrative: ['driver (types)', 'media', 'toml', 'util', 'errors.ts'],
  toml: ['util', 'errors.ts'],
  media: ['driver (types)', 'util'],
  gemini: ['driver', 'media', 'util', 'errors.ts'],
  rehearsal: ['driver', 'media', 'util', 'errors.ts'],
  quota: ['driver', 'database', 'util', 'errors.ts'],
  store: ['driver', 'executor (types)', 'database', 'util', 'errors.ts'],
  database: ['errors.ts'],
  driver: ['util', 'errors.ts'],
  build: [],
  util: ['toml (types)', 'driver (types)', 'errors.ts'],
  'errors.ts': [],
  facts: [],
};
/** Returns the only folder that may import a package, or undefined if every folder may import it. */
function getPackageOwner(name: string): string | undefined {
  if (/^(@google\/genai|ws$)/.test(name)) return 'gemini';
  if (/^(chalk|ora)$/.test(name)) return 'terminal';
  return /^(bottleneck|ioredis)$/.test(name) ? 'quota' : undefined;
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, folder: getFolder(file), text: readFileSync(join(root, 'src', file), 'utf8') }));

function getFolder(file: string): string {
  return file.split('/')[0] ?? '';
}

/** What a file imports, statically or dynamically; `isType` for imports that disappear at run time. */
function listImports({ text }: { text: string }): { from: string; isType: boolean }[] {
  const statics = [...text.matchAll(/^(?:import|export)\s(type\s)?(?:([^;'"]*?)\sfrom\s)?'([^']+)'/gm)];
  const dynamics = [...text.matchAll(/\bimport\(\s*'([^']+)'/g)];
  return [
    ...statics.map(([, type, names = '', from = '']) => ({ from, isType: type !== undefined || isTypeOnly(names) })),
    ...dynamics.map(([, from = '']) => ({ from, isType: false })),
  ];
}

function isTypeOnly(names: string): boolean {
  const inBraces = /^\{(.*)\}$/s
    .exec(names.trim())?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return inBraces?.every((name) => name === '' || name.startsWith('type ')) ?? false;
}

function isAllowed(file: string, folder: string, { from, isType }: { from: string; isType: boolean }): boolean {
  if (!from.startsWith('.')) {
    const owner = getPackageOwner(from);
    return owner === undefined || owner === folder;
  }
  if (from.endsWith('.json')) return true;
  const target = getFolder(
    normalize(join(file, '..', from))
      .replaceAll('\\', '/')
      .replace(/\.js$/, '.ts'),
  );
  const allowed = [folder, 'facts', ...(allowedImports[folder] ?? [])];
  return allowed.includes(target) || (isType && allowed.includes(`${target} (types)`));
}

test('the import rules cover every folder of src', () => {
  expect(files.map(({ folder }) => folder).filter((folder) => !(folder in allowedImports))).toEqual([]);
});

test('imports point downhill, and packages stay in their folders', () => {
  const wrong = files.flatMap((file) =>
    listImports(file)
      .filter((imported) => !isAllowed(file.file, file.folder, imported))
      .map(({ from, isType }) => `${file.file} imports ${isType ? 'types of ' : ''}${from}`),
  );
  expect(wrong).toEqual([]);
});

test('only main.ts and cli/ use `process`', () => {
  // Removes comments and the names of imported modules. Names that begin with `n` stay, so that `node:process` is found.
  const getCode = (text: string) => text.replaceAll(/^\s*(\*|\/\*|\/\/).*$/gm, '').replaceAll(/from '[^n][^']*'/g, '');
  const filesWithProcess = files.filter(({ text }) => /\bprocess\s*[.[]|node:process/.test(getCode(text)));
  expect(filesWithProcess.filter(({ folder }) => !['main.ts', 'cli'].includes(folder)).map(({ file }) => file)).toEqual(
    [],
  );
});

test('there is no import cycle, type imports included', () => {
  const resolve = (file: string, from: string) => normalize(join(file, '..', from)).replace(/\.js$/, '.ts');
  const imports = new Map(
    files.map((file) => [file.file, listImports(file).map(({ from }) => resolve(file.file, from))]),
  );
  const findCycle = (file: string, path: string[], done: Set<string>): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const next of imports.get(file) ?? []) {
      const cycle = findCycle(next, [...path, file], done);
      if (cycle) return cycle;
    }
    return undefined;
  };
  const done = new Set<string>();
  expect([...imports.keys()].map((file) => findCycle(file, [], done)).filter(Boolean)).toEqual([]);
});

test('no folder of src holds more than 16 source files', () => {
  const folders = files.map(({ file }) => dirname(file));
  expect(folders.filter((folder) => folders.filter((other) => other === folder).length > 16)).toEqual([]);
});

test('no source file is longer than 250 lines', () => {
  expect(files.filter(({ text }) => text.split('\n').length > 251).map(({ file }) => file)).toEqual([]);
});
