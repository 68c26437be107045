import { statSync } from 'node:fs';
import { BoticelliError } from '../../../errors.js';
import { usesStdin } from '../../../executor/narrative-executor.js';
import type { Narrative } from '../../../narrative/narrative.js';

/** Checks that standard input is not read both as rows and as text. @throws BoticelliError `usage` */
export function assertStdinFree(narrative: Narrative, source: string): void {
  if (source !== '-' || !usesStdin(narrative)) return;
  throw new BoticelliError('usage', 'the narrative uses {{stdin}}, but standard input has the rows', {
    hint: 'Save the rows to a file, or pass the text as a variable, with --var.',
  });
}

/**
 * A file and its name in messages: a flag such as `--each`, or the words `the narrative`. The path is undefined if there
 * is no file to compare, for example because the flag is not given.
 */
type NamedFile = readonly [name: string, path: string | undefined];

/** Checks that all these files are different, so that no source is overwritten. @throws BoticelliError `usage` */
export function assertDifferentFiles(files: readonly NamedFile[]): void {
  const namesById = new Map<string, string>();
  for (const [name, path] of files) {
    if (path === undefined) continue;
    const id = identifyFile(path);
    const earlierName = namesById.get(id);
    if (earlierName !== undefined) {
      throw new BoticelliError('usage', `${earlierName} and ${name} name the same file, ${path}`, {
        hint: 'Name different files.',
      });
    }
    namesById.set(id, name);
  }
}

/**
 * Returns an id that is the same for every path of a file. The id of a file that can't be found, such as an output file
 * that does not exist yet, is its path.
 */
function identifyFile(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return path;
  }
}
