import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { resolveSettings } from '../../src/config/resolve-settings.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';

/**
 * Resolves the settings with this config folder of the user, and with `configFile` as the file of --config. Returns the
 * resolved tier and the warnings.
 */
async function resolveWith(configFolder: string, configFile?: string) {
  const warnings: string[] = [];
  const settings = await resolveSettings({
    environment: {},
    workingFolder: createTemporaryFolder(onTestFinished),
    userFolders: { config: configFolder },
    warn: (text) => void warnings.push(text),
    ...(configFile !== undefined && { configFile }),
  });
  return { tier: settings.tier, warnings };
}

/** Creates a link that refers to itself: no user can follow it, not even root. */
function createLinkLoop(folder: string): string {
  const path = join(folder, 'loop');
  symlinkSync('loop', path);
  return path;
}

test('a config folder that cannot be reached is ignored with a warning', async () => {
  const configFolder = createLinkLoop(createTemporaryFolder(onTestFinished));
  expect(await resolveWith(configFolder)).toEqual({
    tier: 'free',
    warnings: [expect.stringMatching(/^the settings file .*loop.boticelli\.toml can't be read: .*, so it is ignored$/)],
  });
});

test('a config folder that does not exist, or is a file, is ignored without a warning', async () => {
  const folder = createTemporaryFolder(onTestFinished, { file: '' });
  for (const name of ['missing', 'file', 'file/below'])
    expect(await resolveWith(join(folder, name))).toEqual({ tier: 'free', warnings: [] });
});

test('a settings file that cannot be read, because it is a folder, is an error', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  mkdirSync(join(folder, 'boticelli.toml'));
  await expect(resolveWith(folder)).rejects.toMatchObject({ code: 'invalid_config' });
});

test('a file given with --config must be reachable, while a config folder need not be', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  const loop = createLinkLoop(folder);
  writeFileSync(join(folder, 'mine.toml'), '[providers.gemini]\ndefault_tier = "tier_1"\n');
  await expect(resolveWith(folder, join(loop, 'x.toml'))).rejects.toMatchObject({ code: 'invalid_config' });
  const { tier, warnings } = await resolveWith(loop, join(folder, 'mine.toml'));
  expect({ tier, warnings: warnings.length }).toEqual({ tier: 'tier_1', warnings: 1 });
});

test('TOML 1.1 is read in a settings file', async () => {
  const text = 'providers = {\n  gemini = { default_tier = "tier_\\x31", }, # the tier\n}\n';
  expect(await resolveWith(createTemporaryFolder(onTestFinished, { 'boticelli.toml': text }))).toEqual({
    tier: 'tier_1',
    warnings: [],
  });
});
