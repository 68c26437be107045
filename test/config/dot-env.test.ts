import util from 'node:util';
import { expect, test } from 'vitest';
import { parseDotEnv } from '../../src/config/dot-env.js';
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

test.runIf(util.parseEnv).each(texts)('%j is read as Node reads it', (text) => {
  // Node keeps carriage returns apart; the rest is the same.
  expect(Object.fromEntries(parseDotEnv(text))).toEqual({ ...util.parseEnv(text.replaceAll('\r\n', '\n')) });
});

test('comments and lines that assign nothing are passed over', () => {
  expect([...parseDotEnv('#A=b\n # C=d\n\nnothing here\n=x\nE=f')]).toEqual([['E', 'f']]);
});

test('a byte order mark is no part of the first name', () => {
  expect([...parseDotEnv('\uFEFFA=b')]).toEqual([['A', 'b']]);
});

test('a megabyte of quotes that are never closed is read in no time', () => {
  const started = performance.now();
  parseDotEnv(`A="\nB='\nC=\`\n`.repeat(100_000));
  parseDotEnv('A="b"c\n'.repeat(100_000));
  expect(performance.now() - started).toBeLessThan(2000);
});

test('the names of the program are read, and nothing is put into the environment', async () => {
  const environment = {};
  const settings = await resolveFixtureSettings(
    { 'work/.env': 'export GEMINI_API_KEY="k"\r\nBOTICELLI_MODEL=m # mine\r\n' },
    { environment },
  );
  expect(settings).toMatchObject({ apiKey: 'k', defaultModel: 'm' });
  expect(environment).toEqual({});
  expect(process.env.BOTICELLI_MODEL).toBeUndefined();
});

test('what the environment has wins, name by name', async () => {
  const files = { 'work/.env': 'GEMINI_API_KEY=file\nBOTICELLI_MODEL=file' };
  const both = await resolveFixtureSettings(files, { environment: { GEMINI_API_KEY: 'own', BOTICELLI_MODEL: 'own' } });
  expect(both).toMatchObject({ apiKey: 'own', defaultModel: 'own' });
  expect((await resolveFixtureSettings(files, { environment: { GOOGLE_API_KEY: 'of another service' } })).apiKey).toBe(
    'file',
  );
});

test('a .env that is a folder, as of Python, is none', async () => {
  expect((await resolveFixtureSettings({ 'work/.env/bin': '' })).tier).toBe('free');
});

test('a .env in UTF-16 is refused without showing it', async () => {
  const error = await getSettingsError({ 'work/.env': Buffer.from('\uFEFFGEMINI_API_KEY=canary', 'utf16le') });
  expect(error).toMatchObject({ code: 'invalid_config', message: '.env is UTF-16' });
  expect(error.hint).toContain('UTF-8');
});
