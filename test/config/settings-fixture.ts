import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { InvalidSettings } from '../../src/config/invalid-settings.js';
import { resolveSettings, type Settings, type SettingsOptions } from '../../src/config/settings.js';
import { BoticelliError } from '../../src/errors.js';

/** Files by their paths, below a folder in which the program works in `work` and the user's own are in `user`. */
export type FixtureFiles = Record<string, string | Uint8Array>;

/** Makes a folder with these files; it goes when the test ends. */
export function createFolder(files: FixtureFiles): string {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'work'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The settings that hold in a folder with these files. */
export async function resolveFixtureSettings(
  files: FixtureFiles,
  options: Partial<SettingsOptions> = {},
): Promise<Settings> {
  const folder = createFolder(files);
  return resolveSettings({
    environment: {},
    workingFolder: join(folder, 'work'),
    userFolders: { config: join(folder, 'user'), state: join(folder, 'state') },
    ...options,
  });
}

/** How finding the settings fails. Throws where it does not. */
export async function getSettingsError(
  files: FixtureFiles,
  options: Partial<SettingsOptions> = {},
): Promise<BoticelliError> {
  const thrown = await resolveFixtureSettings(files, options).then(
    (settings) => settings,
    (error: unknown) => error,
  );
  if (thrown instanceof BoticelliError) return thrown;
  throw new Error(`no refusal but ${JSON.stringify(thrown)}`);
}

/** What is wrong with a boticelli.toml, a line a fault: `3:1 unknown-key: message → suggestion`. */
export async function collectProblems(source: string | Uint8Array): Promise<string[]> {
  const error = await getSettingsError({ 'work/boticelli.toml': source });
  if (!(error instanceof InvalidSettings)) throw error;
  return error.diagnostics.map(({ rule, message, location: place, suggestion }) => {
    const location = place ? `${place.line}:${place.column}` : '-';
    return `${location} ${rule}: ${message}${suggestion === undefined ? '' : ` → ${suggestion}`}`;
  });
}
