import { expect, test } from 'vitest';
import { InvalidSettings } from '../../src/config/invalid-settings.js';
import { type FixtureFiles, getSettingsError, resolveFixtureSettings } from './settings-fixture.js';

const own = { environment: { GEMINI_API_KEY: 'own-key' } };
const baseUrl = (url: string) => `[providers.gemini]\nbase_url = "${url}"\n`;
const gateway = 'https://gateway.example:8443/v1';

test('an address of the boticelli.toml of the folder does not get the key of the user', async () => {
  const error = await getSettingsError({ 'work/boticelli.toml': baseUrl(gateway) }, own);
  expect(error).toBeInstanceOf(InvalidSettings);
  expect(error).toMatchObject({
    code: 'invalid_config',
    message:
      'boticelli.toml:2:12: "base_url" in [providers.gemini] would send your API key to gateway.example:8443, and someone else may have written this folder',
  });
  expect(error.hint).toContain('set GOOGLE_GEMINI_BASE_URL');
});

test('nor does an address of .env', async () => {
  const error = await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}` }, own);
  expect(error).toMatchObject({ code: 'invalid_config' });
  expect(error.message).toMatch(/^GOOGLE_GEMINI_BASE_URL in \.env would send your API key to gateway\.example:8443/);
});

test('nor where .env has a key too, for the environment wins', async () => {
  const error = await getSettingsError(
    { 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}\nGEMINI_API_KEY=theirs` },
    own,
  );
  expect(error.hint).toContain('none in the environment');
});

test.each<[string, FixtureFiles]>([
  ['.env', { 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}\nGEMINI_API_KEY=theirs` }],
  ['boticelli.toml', { 'work/boticelli.toml': baseUrl(gateway), 'work/.env': 'GEMINI_API_KEY=theirs' }],
])('an address of %s is used with a key of .env', async (_where, files) => {
  expect(await resolveFixtureSettings(files)).toMatchObject({ baseUrl: gateway, apiKey: 'theirs' });
});

test('where there is no key there is nothing to guard', async () => {
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': baseUrl(gateway) })).baseUrl).toBe(gateway);
});

test.each<[string, FixtureFiles, object]>([
  ['in the environment', {}, { environment: { ...own.environment, GOOGLE_GEMINI_BASE_URL: gateway } }],
  ['in the config folder of the user', { 'user/boticelli.toml': baseUrl(gateway) }, own],
  [
    'in a file that --config names',
    { 'work/boticelli.toml': baseUrl(gateway) },
    { ...own, configFile: 'boticelli.toml' },
  ],
])('an address %s is the own choice of the user', async (_where, files, options) => {
  expect((await resolveFixtureSettings(files, options)).baseUrl).toBe(gateway);
});

test('an address of the environment keeps that of the folder from being used at all', async () => {
  const environment = { ...own.environment, GOOGLE_GEMINI_BASE_URL: 'https://mine.example' };
  const files = { 'work/boticelli.toml': baseUrl(gateway), 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}` };
  expect((await resolveFixtureSettings(files, { environment })).baseUrl).toBe('https://mine.example');
});

test.each([
  'https://generativelanguage.googleapis.com',
  'https://GENERATIVELANGUAGE.googleapis.com:443/',
  'http://localhost:8080',
  'http://127.0.0.1:1',
  'http://127.1',
  'https://[::1]:2/path',
])('%s is fine in any folder', async (url) => {
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': baseUrl(url) }, own)).baseUrl).toBe(url);
  expect((await resolveFixtureSettings({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, own)).baseUrl).toBe(url);
});

test.each([
  'http://generativelanguage.googleapis.com',
  'https://generativelanguage.googleapis.com.evil.example',
  'https://generativelanguage.googleapis.com:8443',
  'https://storage.googleapis.com',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'http://evil.localhost',
  'http://0.0.0.0',
  'http://10.0.0.1',
])('%s is not', async (url) => {
  expect((await getSettingsError({ 'work/boticelli.toml': baseUrl(url) }, own)).code).toBe('invalid_config');
  expect((await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, own)).code).toBe('invalid_config');
});

test('what passes for an own address by a user name in it does not', async () => {
  const url = 'https://generativelanguage.googleapis.com@evil.example';
  expect((await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, own)).message).toContain(
    ' evil.example,',
  );
});
