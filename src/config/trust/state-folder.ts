import { devNull } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { BoticelliError } from '../../errors.js';
import { isSymbolicLink, isWithinFolder } from '../../util/folder-boundary.js';
import { createVariableLookup, type Environment, readDotEnv, type VariableLookup } from '../environment-variables.js';
import { readSettingsFiles } from '../read-settings-files.js';
import { findUserFolders, type UserFolders } from '../user-folders.js';
import { type FolderTrust, readFolderTrust } from './folder-trust.js';

/**
 * Finds the folder of `boticelli.db`: `BOTICELLI_STATE_DIR`, or else the user's folder. Reads `trust` from the user's
 * settings file only if the `.env` of the working folder names a state folder outside of the working folder, or a path
 * through a symbolic link.
 * @returns an absolute path; undefined if the user has no home folder
 * @throws BoticelliError `invalid_config` if the user does not trust the working folder, and the `.env` names a state
 *   folder outside of the working folder, or a path through a symbolic link
 */
export async function findStateFolder(environment: Environment, workingFolder: string): Promise<string | undefined> {
  const [folders, dotEnv] = await Promise.all([findUserFolders(), readDotEnv(workingFolder)]);
  const getVariable = createVariableLookup(environment, dotEnv);
  return resolveStateFolder({ getVariable, folders, workingFolder }, async () => {
    // A folder can't trust itself. `devNull` replaces the folder's `boticelli.toml`, so only the user's own settings
    // file is read.
    const fileOptions = { workingFolder, configFile: devNull, userConfigFolder: folders.config };
    const userFiles = await readSettingsFiles({ ...fileOptions, secrets: [...dotEnv.values()], warn: () => {} });
    return readFolderTrust(workingFolder, userFiles, folders);
  });
}

interface StateFolderOptions {
  getVariable: VariableLookup;
  folders: UserFolders;
  workingFolder: string;
}

/** Like `findStateFolder`, but uses variables and folders that are already known. */
export async function resolveStateFolder(
  { getVariable, folders, workingFolder }: StateFolderOptions,
  getTrust: () => FolderTrust | Promise<FolderTrust>,
): Promise<string | undefined> {
  const variable = getVariable('BOTICELLI_STATE_DIR');
  if (variable === undefined) return folders.state;
  const stateFolder = resolve(workingFolder, variable.value);
  const problem = variable.isFromDotEnv ? findStateFolderProblem(stateFolder, workingFolder) : undefined;
  if (problem === undefined) return stateFolder;
  const { isTrusted, hint } = await getTrust();
  if (isTrusted) return stateFolder;
  throw new BoticelliError(
    'invalid_config',
    `${variable.label} ${problem}, and the .env of the current folder may come from someone else`,
    {
      hint: `${hint} If you trust only the state folder ${stateFolder}, set BOTICELLI_STATE_DIR to it in your environment.`,
    },
  );
}

/** The files of the database that SQLite may create or open. */
const databaseFileNames = ['', '-wal', '-shm', '-journal'].map((suffix) => `boticelli.db${suffix}`);

/**
 * Returns why a `.env` must not choose this state folder; undefined if it may. Through a link, or through `..`, the
 * author of the working folder could make boticelli create or change files elsewhere.
 */
function findStateFolderProblem(stateFolder: string, workingFolder: string): string | undefined {
  if (!isWithinFolder(stateFolder, workingFolder)) return 'is outside of the current folder';
  const names = relative(workingFolder, stateFolder).split(sep);
  const folders = names.map((_, index) => join(workingFolder, ...names.slice(0, index + 1)));
  const paths = [...folders, ...databaseFileNames.map((name) => join(stateFolder, name))];
  const link = paths.find((path) => path !== workingFolder && isSymbolicLink(path));
  return link === undefined ? undefined : `leads through the symbolic link ${link}`;
}
