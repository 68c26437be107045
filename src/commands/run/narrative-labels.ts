import { basename } from 'node:path';

/**
 * What narratives that run together are called in progress lines, and their folders in `--out-dir`: each its file's name
 * without `.toml`, another one of the same name with a number. Known before anything is read, and the same every time.
 */
export function createNarrativeLabels(files: readonly string[]): string[] {
  const used = new Set<string>();
  return files.map((file) => {
    const stem = file === '-' ? 'stdin' : basename(file).replace(/\.toml$/i, '') || file;
    let label = stem;
    for (let number = 2; used.has(label); number += 1) label = `${stem}-${number}`;
    used.add(label);
    return label;
  });
}
