import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplyAudio } from '../../driver/response.js';
import { BoticelliError } from '../../errors.js';
import type { ActEnd, RunReport } from '../../executor/event.js';
import { documentOf, jsonOf } from '../../terminal/replies/json.js';
import { trimmedLength } from '../../terminal/replies/trailing-newlines.js';
import { wavOf } from './wav.js';

/** The folder of `--out-dir`: `01-name.md` (and `01-name.wav`, where it was spoken) … as each act ends, `run.json` at the end. */
export interface ReplyFiles {
  writeReply(end: ActEnd): void;
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
  orFail(folder, () => {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, '.boticelli-can-write');
    writeFileSync(probe, '');
    rmSync(probe);
  });
  const nameOf = ({ act, index }: { act: string; index: number }) => {
    const numbered = `${String(index + 1).padStart(2, '0')}-${act.replaceAll(/\s+/g, '-')}`;
    return filenamify(numbered, { replacement: '-', maxLength: 80 });
  };
  return {
    writeReply({ text, ...act }) {
      writeWhole(join(folder, `${nameOf(act)}.md`), `${text.slice(0, trimmedLength(text))}\n`);
    },
    writeAudio(act, audio) {
      const name = `${nameOf(act)}.wav`;
      writeWhole(join(folder, name), wavOf(audio));
      return name;
    },
    writeReport: (report) => writeWhole(join(folder, 'run.json'), `${jsonOf(documentOf(report), 2)}\n`),
  };
}

/** The file is there with all of its content, or not at all, whatever happens in between. */
function writeWhole(path: string, content: string | Uint8Array): void {
  const unfinished = `${path}.unfinished`;
  orFail(path, () => {
    try {
      writeFileSync(unfinished, content);
      renameSync(unfinished, path);
    } catch (thrown) {
      rmSync(unfinished, { force: true });
      throw thrown;
    }
  });
}

function orFail(path: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BoticelliError('output_failed', `can't write ${path}: ${why}`, {
      hint: 'Make room, or name another folder with --out-dir.',
      cause: thrown,
    });
  }
}
