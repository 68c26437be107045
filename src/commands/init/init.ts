import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { withOutput } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { detectProgram } from '../../cli/program-name.js';
import { getWorkingFolder } from '../../cli/working-folder.js';
import { BoticelliError } from '../../errors.js';
import { describeWriteError, withOutputError } from '../../util/write-files.js';
import type { TemplateName } from './templates/create-template.js';

/** The options of `boticelli init`. */
export interface InitOptions {
  template: TemplateName;
}

/** A file to write. */
interface NewFile {
  name: string;
  path: string;
  content: string | Uint8Array;
}

/** `boticelli init`: writes a narrative and the files that it needs, and prints what to do next. */
export async function init(given: string, { template }: InitOptions, proc: CliProcess): Promise<void> {
  const narrative = parseName(given);
  const { createTemplate } = await import('./templates/create-template.js');
  const { files, rehearseArgs } = createTemplate(template, narrative);
  const targets = files.map(({ extension, content }): NewFile => {
    const name = `${narrative}.${extension}`;
    return { name, path: resolve(getWorkingFolder(proc), name), content };
  });
  for (const target of targets) assertAbsent(target);
  await withOutput(proc, async (output) => {
    writeAll(targets);
    const program = detectProgram(proc.env).join(' ');
    const runArgs = rehearseArgs.filter((arg) => !['--rehearse', '--show-prompts'].includes(arg));
    output.write(`Wrote ${targets.map(({ name }) => name).join(' and ')}.\n\n`);
    output.write(`See its prompts, without a key:\n  ${program} ${rehearseArgs.join(' ')}\n`);
    output.write(`Run it, with an API key in GEMINI_API_KEY:\n  ${program} ${runArgs.join(' ')}\n`);
  });
}

/**
 * Returns the name without `.toml`. Rejects a path, because the files are written to the current folder.
 * @throws BoticelliError `usage`
 */
function parseName(given: string): string {
  const name = given.replace(/\.toml$/i, '');
  // On macOS and Windows, Boticelli.toml is the same file as boticelli.toml.
  if (/^boticelli$/i.test(name)) {
    const hint = 'Nothing was written. Choose another name: boticelli init <name>';
    throw new BoticelliError('usage', 'boticelli.toml is the name of the settings file', { hint });
  }
  if (/^[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u.test(name) && name.length <= 100) return name;
  throw new BoticelliError('usage', `${JSON.stringify(given)} is not a name for a narrative`, {
    hint: 'Use at most 100 letters, digits, hyphens and underscores. The file is written to the current folder.',
  });
}

/**
 * @throws BoticelliError `usage` if something exists at the path, even a link that leads nowhere; `output_failed` if the
 *   path can't be looked up
 */
function assertAbsent({ name, path }: NewFile): void {
  if (withWriteError(path, () => lstatSync(path, { throwIfNoEntry: false }))) throw createExistsError(name);
}

function createExistsError(name: string): BoticelliError {
  const hint = 'Nothing was written. Choose another name: boticelli init <name>';
  return new BoticelliError('usage', `${name} exists`, { hint });
}

/** Writes all files or none. `wx` fails if another process has created one in the meantime. */
function writeAll(files: readonly NewFile[]): void {
  const written: string[] = [];
  try {
    for (const { name, path, content } of files) {
      withWriteError(path, () => {
        try {
          writeFileSync(path, content, { flag: 'wx' });
        } catch (thrown) {
          if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') throw createExistsError(name);
          // A full disk leaves an incomplete file, which has to be removed too.
          if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') written.push(path);
          throw thrown;
        }
      });
      written.push(path);
    }
  } catch (thrown) {
    for (const path of written) rmSync(path, { force: true });
    throw thrown;
  }
}

function withWriteError<Result>(path: string, work: () => Result): Result {
  const hint = 'Nothing was written. Check the disk space and the permissions of the folder.';
  return withOutputError(path, { hint, describe: describeWriteError }, work);
}
