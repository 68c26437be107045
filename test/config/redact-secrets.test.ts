import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redactSecrets } from '../../src/config/redact-secrets.js';
import { type FixtureFiles, getSettingsError } from './settings-fixture.js';

/** A key in the form of Google's keys. */
const canary = 'AIzaCanary-0123456789-never-to-be-seen';
const otherKey = 'key-in-another-form-than-those-of-google';

test.each<[string, FixtureFiles, Record<string, string>]>([
  ['as the value of api_key', { 'work/boticelli.toml': `[providers.gemini]\napi_key = "${canary}"\n` }, {}],
  ['as the value of key', { 'work/boticelli.toml': `key = '${otherKey}'\n` }, {}],
  ['on a line that is not TOML', { 'work/boticelli.toml': `GEMINI_API_KEY=${otherKey}\n` }, {}],
  [
    'as a model',
    { 'work/boticelli.toml': `[providers.gemini]\ndefault_model = "${otherKey} "\n` },
    { GEMINI_API_KEY: otherKey },
  ],
  ['as a tier', { 'work/boticelli.toml': `[providers.gemini]\ndefault_tier = "${canary}"\n` }, {}],
  ['in a URL', { 'work/boticelli.toml': `[providers.gemini]\nbase_url = "https://x/?key=${otherKey}"\n` }, {}],
  ['as a password', { 'work/boticelli.toml': `[quota]\nredis_url = "https://u:${otherKey}@x"\n` }, {}],
  ['as the name of a setting', { 'work/boticelli.toml': `${canary} = 1\n` }, {}],
  [
    'that would be sent to an untrusted address',
    { 'work/.env': 'GOOGLE_GEMINI_BASE_URL=https://x' },
    { GEMINI_API_KEY: canary },
  ],
  ['in GEMINI_TIER', { 'work/.env': `GEMINI_API_KEY=${otherKey}` }, { GEMINI_TIER: otherKey }],
  ['in BOTICELLI_MODEL', { 'work/.env': `GOOGLE_API_KEY=${otherKey}` }, { BOTICELLI_MODEL: `${otherKey} x` }],
  ['in BOTICELLI_REDIS_URL', {}, { BOTICELLI_REDIS_URL: `x://${canary}` }],
])('the error for a key %s does not show the key', async (_where, files, environment) => {
  const error = await getSettingsError(files, { environment });
  expect(error.code).toBe('invalid_config');
  const text = `${inspect(error, { depth: 9, showHidden: true })} ${error.stack} ${error.hint}`;
  expect(text).not.toContain(canary);
  expect(text).not.toContain(otherKey);
});

test('replaces each character of a secret, and of the rest of a line after `key =`, with an asterisk', () => {
  const text = 'api_key = "abc" # mine\nbase_url = "https://u:p@host/?x=1&key=abc"\ndefault_model = "latest"\nrpm = 5';
  // The key `test` is masked only as a whole word, so `latest` is not changed.
  const redacted = redactSecrets(text, ['test']);
  expect(redacted.length).toBe(text.length);
  expect(redacted).toBe(
    'api_key = ************\nbase_url = "https://***@host/?x=1&key=****\ndefault_model = "latest"\nrpm = 5',
  );
});

test('suggests GEMINI_API_KEY for a key in a settings file', async () => {
  const error = await getSettingsError({ 'work/boticelli.toml': '[providers.gemini]\napi_key = "x"\n' });
  expect(error.message).toBe(
    'boticelli.toml:2:1: unknown key "api_key" in [providers.gemini]; set the API key in GEMINI_API_KEY, not in a settings file',
  );
});

test('redacts a large file in less than three seconds', () => {
  const started = performance.now();
  for (const piece of ['://', ' ', 'key', 'key =', 'AIza', '@']) redactSecrets(piece.repeat(100_000), ['key-of-mine']);
  expect(performance.now() - started).toBeLessThan(3000);
});

test('masks a key that is too long for a regular expression', () => {
  const key = 'K'.repeat(40_000);
  expect(redactSecrets(`a ${key} b`, [key])).toBe(`a ${'*'.repeat(40_000)} b`);
});
