import { expect, test } from 'vitest';
import { InvalidSettings } from '../../../src/config/invalid-settings.js';
import { type FixtureFiles, getSettingsError, resolveFixtureSettings } from '../settings-fixture.js';

const withOwnKey = { environment: { GEMINI_API_KEY: 'own-key' } };
const baseUrl = (url: string) => `[providers.gemini]\nbase_url = "${url}"\n`;
const gateway = 'https://gateway.example:8443/v1';

test('does not send the key to an address from boticelli.toml in the working folder', async () => {
  const error = await getSettingsError({ 'work/boticelli.toml': baseUrl(gateway) }, withOwnKey);
  expect(error).toBeInstanceOf(InvalidSettings);
  expect(error).toMatchObject({
    code: 'invalid_config',
    message:
      'boticelli.toml:2:12: "base_url" in [providers.gemini] would send your API key to gateway.example:8443, but the current folder may come from someone else',
  });
  expect(error.hint).toContain('set GOOGLE_GEMINI_BASE_URL');
});

test('does not send the key to an address from .env', async () => {
  const error = await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}` }, withOwnKey);
  expect(error).toMatchObject({ code: 'invalid_config' });
  expect(error.message).toMatch(/^GOOGLE_GEMINI_BASE_URL in \.env would send your API key to gateway\.example:8443/);
});

test('does not send a key from the environment to an address from .env, even if .env has a key too', async () => {
  const error = await getSettingsError(
    { 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}\nGEMINI_API_KEY=theirs` },
    withOwnKey,
  );
  expect(error.hint).toContain('set none in the environment');
});

test.each<[string, FixtureFiles]>([
  ['.env', { 'work/.env': `GOOGLE_GEMINI_BASE_URL=${gateway}\nGEMINI_API_KEY=theirs` }],
  ['boticelli.toml', { 'work/boticelli.toml': baseUrl(gateway), 'work/.env': 'GEMINI_API_KEY=theirs' }],
])('uses an address from %s with a key from .env', async (_where, files) => {
  expect(await resolveFixtureSettings(files)).toMatchObject({ baseUrl: gateway, apiKey: 'theirs' });
});

test('accepts any address if no key is set', async () => {
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': baseUrl(gateway) })).baseUrl).toBe(gateway);
});

test.each<[string, FixtureFiles, object]>([
  ['in the environment', {}, { environment: { ...withOwnKey.environment, GOOGLE_GEMINI_BASE_URL: gateway } }],
  ["in the user's config folder", { 'user/boticelli.toml': baseUrl(gateway) }, withOwnKey],
  [
    'in a file that --config names',
    { 'work/boticelli.toml': baseUrl(gateway) },
    { ...withOwnKey, configFile: 'boticelli.toml' },
  ],
])('allows an address that is set %s', async (_where, files, options) => {
  expect((await resolveFixtureSettings(files, options)).baseUrl).toBe(gateway);
});

test('prefers an address from the environment to one from the working folder', async () => {
  const environment = { ...withOwnKey.environment, GOOGLE_GEMINI_BASE_URL: 'https://mine.example' };
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
])('accepts %s from any folder', async (url) => {
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': baseUrl(url) }, withOwnKey)).baseUrl).toBe(url);
  expect((await resolveFixtureSettings({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, withOwnKey)).baseUrl).toBe(
    url,
  );
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
])('rejects %s from the working folder', async (url) => {
  expect((await getSettingsError({ 'work/boticelli.toml': baseUrl(url) }, withOwnKey)).code).toBe('invalid_config');
  expect((await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, withOwnKey)).code).toBe(
    'invalid_config',
  );
});

test('rejects an address that contains a trusted host as its user name', async () => {
  const url = 'https://generativelanguage.googleapis.com@evil.example';
  expect((await getSettingsError({ 'work/.env': `GOOGLE_GEMINI_BASE_URL=${url}` }, withOwnKey)).message).toContain(
    ' evil.example,',
  );
});
