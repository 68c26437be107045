import { symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveSettings } from '../../../src/config/resolve-settings.js';
import { findAllowedFolder } from '../../../src/config/trust/allowed-folder.js';
import { readFolderTrust } from '../../../src/config/trust/folder-trust.js';
import { createFolder, type FixtureFiles, getSettingsError } from '../settings-fixture.js';

const gateway = 'https://gateway.example';
const ownKey = { GEMINI_API_KEY: 'own-key' };
const redisSettings = '[quota]\nredis_url = "redis://u:secret@redis.example:1/0"\n';

/**
 * Creates a folder with these files, and returns functions that read the settings in its folder `work`.
 * @param links the targets of symbolic links, by path
 * @param trust the folder that the user's own settings trust
 */
function openFolder(files: FixtureFiles, { links = {} as Record<string, string>, trust = '' } = {}) {
  const folder = createFolder({ ...files, ...(trust !== '' && { 'user/boticelli.toml': '' }) });
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(folder, path));
  if (trust !== '')
    writeFileSync(join(folder, 'user/boticelli.toml'), `trust = ["${join(folder, trust)}"]\n${userSettings}`);
  const options = {
    workingFolder: join(folder, 'work'),
    userFolders: { config: join(folder, 'user'), state: join(folder, 'state') },
  };
  return {
    folder,
    readSettings: (environment = {}) => resolveSettings({ ...options, environment }),
    /** Finds the only folder whose files may be sent. The result is undefined if any file may be sent. */
    readAllowedFolder: (environment = {}) => findAllowedFolder({ ...options, environment }),
  };
}
const userSettings = '[budget]\nrpm_multiplier = 0.5\n';
const getError = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

test.each<[string, FixtureFiles]>([
  ['boticelli.toml', { 'work/boticelli.toml': redisSettings }],
  ['.env', { 'work/.env': 'BOTICELLI_REDIS_URL=redis://u:secret@redis.example:1/0' }],
])('returns an error for a Redis address from %s, with a key or without', async (_name, files) => {
  const { folder, readSettings } = openFolder(files);
  for (const environment of [ownKey, {}]) {
    const { redisUrl, redisTrustError } = await readSettings(environment);
    expect(redisUrl).toBe('redis://u:secret@redis.example:1/0');
    expect(redisTrustError).toMatchObject({ code: 'invalid_config' });
    expect(redisTrustError?.message).toMatch(
      /would send the names of your models and part of the hash of your API key to redis\.example:1, but the current folder may/,
    );
    expect(redisTrustError?.message).not.toContain('secret');
    expect(redisTrustError?.hint).toContain(
      `add trust = ["${folder}/work"] above the first table of ${folder}/user/boticelli.toml.`,
    );
    expect(redisTrustError?.hint).toContain('set BOTICELLI_REDIS_URL to it in your environment');
  }
});

test.each<[string, FixtureFiles, object]>([
  ['from the environment', {}, { BOTICELLI_REDIS_URL: 'redis://redis.example' }],
  ["from the user's own settings", { 'user/boticelli.toml': redisSettings }, ownKey],
  ['on loopback', { 'work/boticelli.toml': redisSettings.replace('u:secret@redis.example', 'localhost') }, ownKey],
  [
    'from boticelli.toml, if the key is from the .env beside it',
    { 'work/boticelli.toml': redisSettings, 'work/.env': 'GEMINI_API_KEY=theirs' },
    {},
  ],
])('allows a Redis address %s', async (_name, files, environment) => {
  const { redisUrl, redisTrustError } = await openFolder(files).readSettings(environment);
  expect(redisUrl).toBeDefined();
  expect(redisTrustError).toBeUndefined();
});

// Tools such as kubefwd forward other addresses that begin with 127 to remote hosts.
test.each(['127.0.0.3', '127.1.27.1', '169.254.169.254'])('does not treat %s as loopback', async (host) => {
  const { readSettings } = openFolder({ 'work/boticelli.toml': redisSettings.replace('u:secret@redis.example', host) });
  expect((await readSettings(ownKey)).redisTrustError).toBeDefined();
});

const stateFolderCases: [string, string, Record<string, string>, RegExp][] = [
  ['a folder outside', '..', {}, /^BOTICELLI_STATE_DIR in \.env is outside of the current folder, and/],
  ['an absolute path outside', '/var/tmp', {}, /is outside of the current folder/],
  ['a link to a folder outside', 'link', { 'work/link': '../other' }, /is outside of the current folder/],
  [
    'a path through a link inside the folder',
    'link/x',
    { 'work/link': 'real' },
    /leads through the symbolic link .*work\/link, and/,
  ],
  [
    'a folder with a database that is a link',
    '.',
    { 'work/boticelli.db': '../app.db' },
    /symbolic link .*\/boticelli\.db, and/,
  ],
  [
    'a folder with a write-ahead log that is a link',
    '.',
    { 'work/boticelli.db-wal': '../new' },
    /symbolic link .*\/boticelli\.db-wal, and/,
  ],
];

test.each(stateFolderCases)(
  'refuses a state folder that a .env chooses, unless the folder of the .env is trusted: %s',
  async (_name, value, links, message) => {
    const files = { 'work/.env': `BOTICELLI_STATE_DIR=${value}`, 'work/real/x': '', 'other/x': '' };
    const error = await getError(openFolder(files, { links }).readSettings(ownKey));
    expect(error).toMatchObject({ code: 'invalid_config', message: expect.stringMatching(message) });
    expect(error).toMatchObject({
      hint: expect.stringMatching(/add trust = .* set BOTICELLI_STATE_DIR to it in your env/),
    });
    const { folder, readSettings } = openFolder(files, { links, trust: 'work' });
    expect((await readSettings(ownKey)).stateFolder).toMatch(new RegExp(`^${value === '/var/tmp' ? value : folder}`));
  },
);

test('accepts a state folder inside the folder of the .env that chooses it, even before the state folder exists', async () => {
  const { folder, readSettings } = openFolder({ 'work/.env': 'BOTICELLI_STATE_DIR=./new/state' });
  expect((await readSettings()).stateFolder).toBe(join(folder, 'work/new/state'));
});

test("a folder that the user's own settings trust may set base_url and redis_url, and so may its subfolders", async () => {
  const files = { 'work/boticelli.toml': `${redisSettings}[providers.gemini]\nbase_url = "${gateway}"\n` };
  for (const trust of ['work', '.']) {
    const settings = await openFolder(files, { trust }).readSettings(ownKey);
    expect(settings).toMatchObject({ baseUrl: gateway, redisUrl: expect.any(String), limitMultipliers: { rpm: 0.5 } });
    expect(settings.redisTrustError).toBeUndefined();
  }
  // The path of `work` begins with this path, but `work` is not a subfolder of `wor`.
  const error = await getError(openFolder(files, { trust: 'wor' }).readSettings(ownKey));
  expect(error).toMatchObject({ code: 'invalid_config', hint: expect.stringContaining('add trust = [') });
});

test('a folder cannot trust itself', async () => {
  const files = { 'work/boticelli.toml': `trust = ["/"]\n[providers.gemini]\nbase_url = "${gateway}"\n` };
  expect((await getSettingsError(files, { environment: ownKey })).message).toBe(
    'boticelli.toml:1:1: "trust" is allowed only in your own settings file, because a folder must not trust itself',
  );
});

test.each(['work', './work', '~other/x', ''])('rejects %j as a trusted folder', async (path) => {
  const error = await getSettingsError({ 'user/boticelli.toml': `trust = ["${path}"]` });
  expect(error.message).toMatch(/must be an absolute path, or begin with ~\/, not /);
});

test('~ in trust is the home folder', () => {
  const files = [{ settings: { trust: ['~/team'] }, isFromWorkingFolder: false }];
  expect(readFolderTrust(join(homedir(), 'team/repository'), files, {}).isTrusted).toBe(true);
  expect(readFolderTrust(join(homedir(), 'other'), files, {}).isTrusted).toBe(false);
});

test.each<[string, string]>([
  ['.env', `GEMINI_API_KEY=theirs\nGOOGLE_GEMINI_BASE_URL=${gateway}`],
  ['boticelli.toml', 'GOOGLE_API_KEY=theirs'],
])(
  'if an untrusted folder sets the API key in .env and the service address in %s, only its own files may be sent',
  async (_name, dotEnv) => {
    const files = { 'work/.env': dotEnv, 'work/boticelli.toml': `[providers.gemini]\nbase_url = "${gateway}"\n` };
    const { folder, readAllowedFolder } = openFolder(files);
    const allowedFolder = await readAllowedFolder();
    expect(allowedFolder).toMatchObject({ folder: join(folder, 'work') });
    expect(allowedFolder?.hint).toContain('add trust = [');
    expect(await readAllowedFolder({ GOOGLE_GEMINI_BASE_URL: gateway })).toBeUndefined();
    expect(await readAllowedFolder(ownKey)).toBeUndefined();
    expect(await openFolder(files, { trust: 'work' }).readAllowedFolder()).toBeUndefined();
  },
);

test('if a folder sets the API key but no service address, any file may be sent', async () => {
  expect(await openFolder({ 'work/.env': 'GEMINI_API_KEY=theirs' }).readAllowedFolder()).toBeUndefined();
});

test('a key does not count as a key of the folder if the .env of the folder is a link to a file elsewhere', async () => {
  const files = {
    'other/.env': 'GEMINI_API_KEY=own-key',
    'work/boticelli.toml': `[providers.gemini]\nbase_url = "${gateway}"\n`,
  };
  const { readSettings } = openFolder(files, { links: { 'work/.env': '../other/.env' } });
  expect(await getError(readSettings())).toMatchObject({
    message: expect.stringContaining('would send your API key to gateway.example'),
  });
});

test.each<[string, Record<string, string>]>([
  ['the config folder is a link to it', { user: 'work' }],
  ["the user's settings file is a link to its boticelli.toml", { 'user/boticelli.toml': '../work/boticelli.toml' }],
])("trusts the settings of the working folder as the user's own if %s", async (_name, links) => {
  const files: FixtureFiles = { 'work/boticelli.toml': `trust = ["~/team"]\n${redisSettings}` };
  // A link can be created in `user` only if this folder exists.
  const { readSettings } = openFolder('user' in links ? files : { ...files, 'user/other.toml': '' }, { links });
  const { redisUrl, redisTrustError } = await readSettings(ownKey);
  expect(redisUrl).toContain('redis.example');
  expect(redisTrustError).toBeUndefined();
});
