import { basename } from 'node:path';

/**
 * What narratives that run together are called in progress lines, and their folders in `--out-dir`: each its file's name
 * without `.toml`, another one of the same name with a number. Known before anything is read, and the same every time.
 */
export function narrativeNames(files: readonly string[]): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = file === '-' ? 'stdin' : basename(file).replace(/\.toml$/i, '') || file;
    let name = stem;
    for (let number = 2; taken.has(name); number += 1) name = `${stem}-${number}`;
    taken.add(name);
    return name;
  });
}
