import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveSettings } from '../../src/config/resolve-settings.js';
import { defaultModel } from '../../src/facts/models.js';
import { createFolder, getSettingsError, resolveFixtureSettings } from './settings-fixture.js';

const gemini = (lines: string) => `[providers.gemini]\n${lines}\n`;

test('uses defaults without any setting', async () => {
  const { limitsFor, stateFolder, prices: _, ...settings } = await resolveFixtureSettings({});
  expect(settings).toEqual({
    defaultModel,
    tier: 'free',
    limitMultipliers: {},
    windowMs: 60_000,
    fallback: [],
    project: 'no-key',
    projectSource: 'none',
    modelsWithConfiguredLimits: [],
  });
  expect(stateFolder).toMatch(/state$/);
  expect(limitsFor('gemini-3.8-flash').rpm?.source).toBe('built-in');
});

test('prefers GEMINI_API_KEY to GOOGLE_API_KEY, and ignores an empty variable', async () => {
  expect((await resolveFixtureSettings({}, { environment: { GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b' } })).apiKey).toBe(
    'a',
  );
  expect(
    (await resolveFixtureSettings({}, { environment: { GEMINI_API_KEY: ' ', GOOGLE_API_KEY: 'b\n' } })).apiKey,
  ).toBe('b');
});

test('gives precedence to flags, environment, .env, boticelli.toml, the boticelli.toml of the user, in this order', async () => {
  const files: Record<string, string> = {};
  const resolveTier = async (options = {}) => (await resolveFixtureSettings(files, options)).tier;
  expect(await resolveTier()).toBe('free');
  files['user/boticelli.toml'] = gemini('default_tier = "mine"\ntiers = { mine = {}, ours = {} }');
  expect(await resolveTier()).toBe('mine');
  files['work/boticelli.toml'] = gemini('default_tier = "ours"');
  expect(await resolveTier()).toBe('ours');
  files['work/.env'] = 'GEMINI_TIER=tier_1';
  expect(await resolveTier()).toBe('tier_1');
  const environment = { GEMINI_TIER: 'tier_2' };
  expect(await resolveTier({ environment })).toBe('tier_2');
  expect(await resolveTier({ environment, flags: { tier: 'tier_3' } })).toBe('tier_3');
});

test('resolves the default model in the same order: environment, .env, boticelli.toml, the boticelli.toml of the user', async () => {
  const files: Record<string, string> = { 'user/boticelli.toml': gemini('default_model = "models/m-user"') };
  const resolveModel = async (environment = {}) => (await resolveFixtureSettings(files, { environment })).defaultModel;
  expect(await resolveModel()).toBe('m-user');
  files['work/boticelli.toml'] = gemini('default_model = "m-folder"');
  expect(await resolveModel()).toBe('m-folder');
  files['work/.env'] = 'BOTICELLI_MODEL=m-env-file';
  expect(await resolveModel()).toBe('m-env-file');
  expect(await resolveModel({ BOTICELLI_MODEL: 'models/m-environment' })).toBe('m-environment');
});

test('merges files key by key, down to the limits of one model', async () => {
  const { limitsFor, limitMultipliers, fallback } = await resolveFixtureSettings({
    'work/boticelli.toml':
      '[providers.gemini]\nfallback = ["a"]\n[providers.gemini.tiers.free.models."m"]\nrpm = 7\n[budget]\nrpm_multiplier = 0.5\n',
    'user/boticelli.toml':
      '[providers.gemini]\nfallback = ["b", "c"]\n[providers.gemini.tiers.free]\ntpm = 900\n[providers.gemini.tiers.free.models."m"]\nrpm = 1\nrpd = 20\n[budget]\nrpm_multiplier = 1\nrpd_multiplier = 0.9\n',
  });
  expect(limitsFor('m')).toEqual({
    rpm: { value: 7, source: 'settings' },
    rpd: { value: 20, source: 'settings' },
    tpm: { value: 900, source: 'settings' },
  });
  expect(limitMultipliers).toEqual({ rpm: 0.5, rpd: 0.9 });
  expect(fallback, 'a list is not merged').toEqual(['a']);
});

test('reads the file of --config instead of boticelli.toml in the working folder, but still reads the boticelli.toml of the user', async () => {
  const files = {
    'work/boticelli.toml': gemini('default_model = "here"'),
    'work/other/named.toml': gemini('default_model = "named"'),
    'user/boticelli.toml': '[quota]\nproject = " team-a "\n',
  };
  const settings = await resolveFixtureSettings(files, { configFile: 'other/named.toml' });
  expect(settings).toMatchObject({ defaultModel: 'named', project: 'team-a' });
  expect(await resolveFixtureSettings(files, { configFile: '/dev/null' })).toMatchObject({
    defaultModel,
    project: 'team-a',
  });
});

test('rejects a missing file of --config', async () => {
  const error = await getSettingsError({}, { configFile: 'nope.toml' });
  expect(error).toMatchObject({ code: 'invalid_config', message: 'the settings file nope.toml does not exist' });
});

test('reads base URL, rate window, fallback models, budget, project, Redis URL and retention from boticelli.toml', async () => {
  const settings = await resolveFixtureSettings({
    'work/boticelli.toml': `[providers.gemini]
default_model = "gemini-flash-lite-latest"
default_tier = "free"
base_url = "http://localhost:9/v"
rate_window_seconds = 4
fallback = ["models/gemini-3.1-flash-lite"]
[providers.gemini.tiers.free]
rpm = 10
[providers.gemini.tiers.free.models."gemini-3.8-flash"]
rpm = 5
rpd = 20
[budget]
rpm_multiplier = 0.8
tpm_multiplier = 1
rpd_multiplier = 0.01
[quota]
project = "team-a"
redis_url = "redis://user:word@host:1/0"
[store]
keep = "30d"
`,
  });
  expect(settings).toMatchObject({
    baseUrl: 'http://localhost:9/v',
    windowMs: 4000,
    fallback: ['gemini-3.1-flash-lite'],
    limitMultipliers: { rpm: 0.8, tpm: 1, rpd: 0.01 },
    project: 'team-a',
    redisUrl: 'redis://user:word@host:1/0',
    keepMs: 2_592_000_000,
  });
  expect((await resolveFixtureSettings({ 'work/boticelli.toml': '[store]\nkeep = "off"' })).keepMs).toBe('off');
});

test('replaces the fallback models of settings by those of --fallback, and uses none under --no-fallback', async () => {
  const files = { 'work/boticelli.toml': gemini('fallback = ["a"]') };
  expect((await resolveFixtureSettings(files, { flags: { fallback: ['b'] } })).fallback).toEqual(['b']);
  expect((await resolveFixtureSettings(files, { flags: { fallback: false } })).fallback).toEqual([]);
});

test('identifies a project without a name by a hash of its key', async () => {
  const { project } = await resolveFixtureSettings({}, { environment: { GEMINI_API_KEY: 'some-key' } });
  expect(project).toBe(createHash('sha256').update('some-key').digest('hex').slice(0, 16));
});

test('resolves BOTICELLI_STATE_DIR against the working folder', async () => {
  const { stateFolder } = await resolveFixtureSettings(
    {},
    {
      environment: { BOTICELLI_STATE_DIR: '../elsewhere' },
    },
  );
  expect(stateFolder).toMatch(/^\/.*boticelli-settings-\w+\/elsewhere$/);
});

test('uses the folders of the operating system by default', async () => {
  const { stateFolder } = await resolveSettings({ environment: {}, workingFolder: createFolder({}) });
  expect(stateFolder).toMatch(/boticelli/);
});

test('has no state folder for a user without a home folder', async () => {
  expect(await resolveFixtureSettings({}, { userFolders: {} })).not.toHaveProperty('stateFolder');
});

test.each([
  [{ BOTICELLI_MODEL: 'gemini 3' }, 'BOTICELLI_MODEL is not a valid model name: "gemini 3"'],
  [{ BOTICELLI_REDIS_URL: 'https://u:secret@host' }, 'BOTICELLI_REDIS_URL is not a Redis URL'],
  [{ GEMINI_TIER: 'fre' }, 'unknown tier "fre" in GEMINI_TIER'],
])('rejects the environment %j', async (environment, message) => {
  const error = await getSettingsError({}, { environment });
  expect(error).toMatchObject({ code: 'invalid_config', message });
  expect(error.hint).toBeTruthy();
});

test('names .env as the source of an invalid variable', async () => {
  const error = await getSettingsError({ 'work/.env': 'GEMINI_TIER=fre' });
  expect(error.message).toBe('unknown tier "fre" in GEMINI_TIER in .env');
});

test('rejects an unknown --tier as a usage error, and lists the known tiers in the hint', async () => {
  const files = { 'user/boticelli.toml': '[providers.gemini.tiers.mine]\n' };
  const error = await getSettingsError(files, { flags: { tier: 'constructor' } });
  expect(error).toMatchObject({ code: 'usage', message: 'unknown tier "constructor" in --tier' });
  expect(error.hint).toContain('free, tier_1, tier_2, tier_3, mine');
});

test("treats boticelli.toml as the user's own settings if the working folder is the user's config folder", async () => {
  const folder = createFolder({ 'user/boticelli.toml': gemini('base_url = "https://gateway.example"') });
  const userFolder = join(folder, 'user');
  const settings = await resolveSettings({
    environment: { GEMINI_API_KEY: 'k' },
    workingFolder: userFolder,
    userFolders: { config: userFolder },
  });
  expect(settings.baseUrl).toBe('https://gateway.example');
});
