import { describe, expect, it, test } from 'vitest';
import { InvalidSettings } from '../../src/config/invalid-settings.js';
import { formatDiagnostics } from '../../src/terminal/diagnostics/code-frame.js';
import { collectProblems, getSettingsError, resolveFixtureSettings } from './settings-fixture.js';

describe('checkSettings', () => {
  it.each([
    [
      'reports unknown keys',
      'model = "x"\n[providers.gemini]\ndefault_modle = "x"\n[budgte]\n[budget]\nrpm = 0.8\n',
      '1:1 unknown-key: unknown key "model" above the first table',
      '3:1 unknown-key: unknown key "default_modle" in [providers.gemini] → default_model',
      '4:2 unknown-table: unknown table [budgte] → budget',
      '6:1 unknown-key: unknown key "rpm" in [budget]',
    ],
    [
      'reports an unknown provider',
      '[providers.gemni]\n',
      '1:12 unknown-key: unknown key "gemni" in [providers] → gemini',
    ],
    [
      'rejects limits that are not whole numbers of at least 1',
      '[providers.gemini.tiers.free]\nrpm = 0\ntpm = -5\nrpd = 1.5\nmax_concurrent = "3"\n[providers.gemini.tiers.free.models."a"]\nrpm = inf\n',
      '2:7 out-of-range: "rpm" in [providers.gemini.tiers.free] must be at least 1, not 0',
      '3:7 out-of-range: "tpm" in [providers.gemini.tiers.free] must be at least 1, not -5',
      '4:7 wrong-type: "rpd" in [providers.gemini.tiers.free] must be a whole number, not 1.5',
      '5:18 wrong-type: "max_concurrent" in [providers.gemini.tiers.free] must be a number, not a string',
      '7:7 out-of-range: "rpm" in [providers.gemini.tiers.free.models.a] must be a number, not inf',
    ],
    [
      'rejects limits outside the range of safe integers',
      '[providers.gemini.tiers.free]\nrpm = 99999999999999999999\ntpm = -99999999999999999999\n',
      '2:7 out-of-range: "rpm" in [providers.gemini.tiers.free] is too large',
      '3:7 out-of-range: "tpm" in [providers.gemini.tiers.free] is too small',
    ],
    [
      'rejects multipliers of 0 or less, or above 1',
      '[budget]\nrpm_multiplier = 0\ntpm_multiplier = 1.01\nrpd_multiplier = nan\n',
      '2:18 out-of-range: "rpm_multiplier" in [budget] must be more than 0, not 0',
      '3:18 out-of-range: "tpm_multiplier" in [budget] must be at most 1, not 1.01',
      '4:18 out-of-range: "rpd_multiplier" in [budget] must be a number, not nan',
    ],
    [
      'rejects a rate window longer than a day',
      '[providers.gemini]\nrate_window_seconds = 86_401\n',
      '2:23 out-of-range: "rate_window_seconds" in [providers.gemini] must be at most 86400, not 86401',
    ],
    [
      'rejects invalid model names, also as keys',
      '[providers.gemini]\ndefault_model = "a b"\nfallback = ["x", "../y", 3]\n[providers.gemini.tiers.free.models."a?b"]\n',
      '2:17 model-name: "default_model" in [providers.gemini] must be a model name, not "a b"',
      '3:18 model-name: element 2 of "fallback" in [providers.gemini] must be a model name, not "../y"',
      '3:26 wrong-type: element 3 of "fallback" in [providers.gemini] must be a string, not a number',
      '4:37 model-name: "a?b" is not a valid model name',
    ],
    [
      'rejects invalid addresses, projects and durations',
      '[providers.gemini]\nbase_url = "gateway.example"\n[quota]\nproject = " "\nredis_url = "http://x"\n[store]\nkeep = "a month"\n',
      '2:12 address: "base_url" in [providers.gemini] must be http(s)://host[:port][/path], without user, query or fragment',
      '4:11 empty-value: "project" in [quota] must not be empty',
      '5:13 address: "redis_url" in [quota] must be a redis:// or rediss:// URL',
      '7:8 duration: "keep" in [store] must be a duration such as "30d", or "off", not "a month"',
    ],
    [
      'rejects an unknown tier',
      '[providers.gemini]\ndefault_tier = "tier1"\n',
      '2:16 unknown-tier: "default_tier" in [providers.gemini] must be one of free, tier_1, tier_2, tier_3, not "tier1" → tier_1',
    ],
    [
      'suggests quotes for a model name with a dot',
      '[providers.gemini.tiers.free.models.gemini-3.8-flash]\nrpm = 5\n',
      '1:46 unknown-key: unknown key "8-flash" in [providers.gemini.tiers.free.models.gemini-3]; a name with a dot needs quotes: models."gemini-3.8-flash"',
    ],
    [
      'checks a tier named __proto__ like any other',
      '[providers.gemini.tiers.__proto__]\nrpm = 0\n[providers.gemini.tiers.x.models.__proto__]\ntpn = 1\n',
      '2:7 out-of-range: "rpm" in [providers.gemini.tiers.__proto__] must be at least 1, not 0',
      '4:1 unknown-key: unknown key "tpn" in [providers.gemini.tiers.x.models.__proto__] → tpm',
    ],
    ['rejects invalid TOML', '[budget\nrpm_multiplier = 1\n', '1:8 syntax: expected "]" after the table name'],
    [
      'rejects other values in place of tables',
      'budget = 1\nproviders.gemini = "x"\n[[store]]\n',
      '1:10 wrong-type: "budget" must be a table, not a number',
      '2:20 wrong-type: "gemini" in [providers] must be a table, not a string',
      '3:3 wrong-type: "store" must be a table, not an array',
    ],
  ])('%s', async (_title, source, ...problems) => {
    expect(await collectProblems(source)).toEqual(problems);
  });
});

test('accepts the largest safe integer as a limit', async () => {
  const { limitsFor } = await resolveFixtureSettings({
    'work/boticelli.toml': '[providers.gemini.tiers.free]\nrpm = 9007199254740991\n',
  });
  expect(limitsFor('m').rpm?.value).toBe(9007199254740991);
});

test('accepts an empty file, a byte order mark and CRLF', async () => {
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': '' })).tier).toBe('free');
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': '\uFEFF[quota]\r\nproject = "a"\r\n' })).project).toBe(
    'a',
  );
});

test('the error names the first problem with its location, and contains what code frames need', async () => {
  const text = '[budget]\nrpm_multiplier = 2\nx = 1\n';
  const error = await getSettingsError({ 'work/boticelli.toml': text });
  expect(error).toBeInstanceOf(InvalidSettings);
  expect(error).toMatchObject({
    code: 'invalid_config',
    message: 'boticelli.toml:2:18: "rpm_multiplier" in [budget] must be at most 1, not 2 (and 1 more)',
    file: 'boticelli.toml',
    text,
  });
  const [first] = (error as InvalidSettings).diagnostics;
  expect(formatDiagnostics([first!], error as InvalidSettings)).toContain('2 | rpm_multiplier = 2');
});

test("an error names the file of --config as the user wrote it, and the user's own boticelli.toml by its path", async () => {
  const namedFileError = await getSettingsError({ 'work/x.toml': 'y = 1' }, { configFile: 'x.toml' });
  expect(namedFileError.message).toMatch(/^x\.toml:1:1: /);
  const userFileError = await getSettingsError({ 'user/boticelli.toml': 'y = 1' });
  expect(userFileError.message).toMatch(/^\/.*\/user\/boticelli\.toml:1:1: /);
});

test('rejects a folder named boticelli.toml', async () => {
  const error = await getSettingsError({ 'work/boticelli.toml/x': '' });
  expect(error).toMatchObject({ code: 'invalid_config', message: 'the settings file boticelli.toml is a folder' });
});
