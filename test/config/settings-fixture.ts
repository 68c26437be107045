import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { InvalidSettings } from '../../src/config/invalid-settings.js';
import { resolveSettings } from '../../src/config/resolve-settings.js';
import type { Settings, SettingsOptions } from '../../src/config/settings.js';
import { BoticelliError } from '../../src/errors.js';

/** Contents of files by path. `work` is the working folder, and `user` is the user's config folder. */
export type FixtureFiles = Record<string, string | Uint8Array>;

/** Creates a folder with these files. It is removed when the test ends. */
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

/** Resolves the settings in a folder with these files. */
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

/** Resolves settings that must be invalid, and returns the BoticelliError. Throws if there is none. */
export async function getSettingsError(
  files: FixtureFiles,
  options: Partial<SettingsOptions> = {},
): Promise<BoticelliError> {
  const outcome = await resolveFixtureSettings(files, options).then(
    (settings) => settings,
    (error: unknown) => error,
  );
  if (outcome instanceof BoticelliError) return outcome;
  throw new Error(`expected a BoticelliError, got: ${outcome instanceof Error ? outcome : JSON.stringify(outcome)}`);
}

/** Lists the problems of a boticelli.toml: `3:1 unknown-key: message → suggestion`. */
export async function collectProblems(source: string | Uint8Array): Promise<string[]> {
  const error = await getSettingsError({ 'work/boticelli.toml': source });
  if (!(error instanceof InvalidSettings)) throw error;
  return error.diagnostics.map(({ rule, message, location, suggestion }) => {
    const position = location ? `${location.line}:${location.column}` : '-';
    return `${position} ${rule}: ${message}${suggestion === undefined ? '' : ` → ${suggestion}`}`;
  });
}
