/** Where the system keeps a user's files for a program. */
export interface UserFolders {
  /** Where the user's own boticelli.toml is. */
  config?: string;
  /** Where `boticelli.db` is. */
  state?: string;
}

/**
 * The user's folders by the system's custom: `~/.config/boticelli` and `~/.local/share/boticelli`, XDG's variables
 * and those of macOS and Windows minded. Empty for a user who has no home, as in some containers.
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
