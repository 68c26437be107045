import { basename } from 'node:path';

/**
 * Names narratives in progress lines and their folders in `--out-dir`: the file name without `.toml`, plus a number if the
 * name is taken. The labels depend only on the arguments.
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
