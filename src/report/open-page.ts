import open from 'open';

/**
 * Opens a file in the user's browser. Does not wait until the user closes it.
 *
 * @throws the error of the system, if there is no program that opens files
 */
export async function openPage(path: string): Promise<void> {
  await open(path);
}
