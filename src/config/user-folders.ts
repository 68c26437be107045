/** The folders in which this program keeps a user's files. */
export interface UserFolders {
  /** The folder of the user's own `boticelli.toml`. */
  config?: string;
  /** The folder of `boticelli.db`. */
  state?: string;
}

/**
 * Finds the user's folders: `~/.config/boticelli` and `~/.local/share/boticelli`, or the equivalents on macOS, on
 * Windows, and with XDG variables. Returns an empty object if the user has no home folder, as in some containers.
 */
export async function findUserFolders(): Promise<UserFolders> {
  try {
    const { default: envPaths } = await import('env-paths');
    const { config, data } = envPaths('boticelli', { suffix: '' });
    return { config, state: data };
  } catch {
    return {};
  }
}
