import util from 'node:util';
import { expect, test } from 'vitest';
import { parseDotEnv } from '../../src/config/environment-variables.js';
import { getSettingsError, resolveFixtureSettings } from './settings-fixture.js';

const texts = [
  'A=b',
  'A = b ',
  '  A=b',
  'export A=b',
  'A="b # c" # d',
  "A='b\"c'",
  'A=`b"\'c`',
  'A=b # c',
  'A=b#c',
  'A=',
  'A="b\\nc"',
  "A='b\\nc'",
  'A="b\nB=c"\nC=d',
  'A="b\nC=d',
  'A=b=c',
  'A=1\nA=2',
  'A=b\r\nC=d\r\n',
  'A="C:\\"\nC=d',
];

test.runIf(util.parseEnv).each(texts)('parses %j as Node does', (text) => {
  // Normalizes line ends, because Node keeps carriage returns within quotes.
  expect(Object.fromEntries(parseDotEnv(text))).toEqual({ ...util.parseEnv(text.replaceAll('\r\n', '\n')) });
});

test('ignores comments and lines without an assignment', () => {
  expect([...parseDotEnv('#A=b\n # C=d\n\nnothing here\n=x\nE=f')]).toEqual([['E', 'f']]);
});

test('ignores a byte order mark', () => {
  expect([...parseDotEnv('\uFEFFA=b')]).toEqual([['A', 'b']]);
});

test('parses a megabyte of malformed quotes in less than two seconds', () => {
  const started = performance.now();
  parseDotEnv(`A="\nB='\nC=\`\n`.repeat(100_000));
  parseDotEnv('A="b"c\n'.repeat(100_000));
  expect(performance.now() - started).toBeLessThan(2000);
});

test('reads settings from .env without changing the environment', async () => {
  const environment = {};
  const settings = await resolveFixtureSettings(
    { 'work/.env': 'export GEMINI_API_KEY="k"\r\nBOTICELLI_MODEL=m # mine\r\n' },
    { environment },
  );
  expect(settings).toMatchObject({ apiKey: 'k', defaultModel: 'm' });
  expect(environment).toEqual({});
  expect(process.env.BOTICELLI_MODEL).toBeUndefined();
});

test('prefers the environment to .env for the same variable', async () => {
  const files = { 'work/.env': 'GEMINI_API_KEY=file\nBOTICELLI_MODEL=file' };
  const settings = await resolveFixtureSettings(files, {
    environment: { GEMINI_API_KEY: 'own', BOTICELLI_MODEL: 'own' },
  });
  expect(settings).toMatchObject({ apiKey: 'own', defaultModel: 'own' });
});

test('prefers GEMINI_API_KEY in .env to GOOGLE_API_KEY in the environment', async () => {
  const files = { 'work/.env': 'GEMINI_API_KEY=file' };
  expect((await resolveFixtureSettings(files, { environment: { GOOGLE_API_KEY: 'for another service' } })).apiKey).toBe(
    'file',
  );
});

test('ignores a .env that is a folder, such as a Python environment', async () => {
  expect((await resolveFixtureSettings({ 'work/.env/bin': '' })).tier).toBe('free');
});

test('rejects a .env in UTF-16 without showing its content', async () => {
  const error = await getSettingsError({ 'work/.env': Buffer.from('\uFEFFGEMINI_API_KEY=canary', 'utf16le') });
  expect(error).toMatchObject({ code: 'invalid_config', message: '.env is UTF-16' });
  expect(error.hint).toContain('UTF-8');
});
