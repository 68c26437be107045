import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplyAudio } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import type { ActEnd, RunReport } from '../../executor/narrative-events.js';
import { stringifyJson, toRunDocument } from '../../terminal/replies/json.js';
import { lengthWithoutTrailingNewlines } from '../../terminal/replies/text.js';
import { encodeWav } from './wav.js';

/** The folder of `--out-dir`: `01-name.md` (and `01-name.wav`, where it was spoken) … as each act ends, `run.json` at the end. */
export interface ReplyFiles {
  writeReply(actEnd: ActEnd): void;
  /** Writes `01-name.wav`, and returns that name. */
  writeAudio(act: { act: string; index: number }, audio: ReplyAudio): string;
  writeReport(report: RunReport): void;
}

/**
 * Makes the folder, and finds out that it can be written before anything is spent. Files that are there already and
 * are none of this run's are left alone. All of them throw `output_failed`.
 */
export async function openReplyFiles(folder: string): Promise<ReplyFiles> {
  const { default: filenamify } = await import('filenamify');
  withOutputError(folder, () => {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, '.boticelli-can-write');
    writeFileSync(probe, '');
    rmSync(probe);
  });
  const getBaseName = ({ act, index }: { act: string; index: number }) => {
    const numberedName = `${String(index + 1).padStart(2, '0')}-${act.replaceAll(/\s+/g, '-')}`;
    return filenamify(numberedName, { replacement: '-', maxLength: 80 });
  };
  return {
    writeReply({ text, ...act }) {
      writeAtomically(
        join(folder, `${getBaseName(act)}.md`),
        `${text.slice(0, lengthWithoutTrailingNewlines(text))}\n`,
      );
    },
    writeAudio(act, audio) {
      const name = `${getBaseName(act)}.wav`;
      writeAtomically(join(folder, name), encodeWav(audio));
      return name;
    },
    writeReport: (report) => writeAtomically(join(folder, 'run.json'), `${stringifyJson(toRunDocument(report), 2)}\n`),
  };
}

/** The file is there with all of its content, or not at all, whatever happens in between. */
function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporaryPath = `${path}.unfinished`;
  withOutputError(path, () => {
    try {
      writeFileSync(temporaryPath, content);
      renameSync(temporaryPath, path);
    } catch (thrown) {
      rmSync(temporaryPath, { force: true });
      throw thrown;
    }
  });
}

function withOutputError(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BoticelliError('output_failed', `can't write ${path}: ${reason}`, {
      hint: 'Make room, or name another folder with --out-dir.',
      cause: thrown,
    });
  }
}
