import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplyMedia } from '../../driver/reply-media.js';
import type { ReplyAudio } from '../../driver/response.js';
import type { ActEnd, RunReport } from '../../executor/narrative-events.js';
import { getExtension } from '../../media/media-types.js';
import { encodeWav } from '../../media/wav.js';
import { stringifyJson, toRunDocument } from '../../terminal/replies/json.js';
import { lengthWithoutTrailingNewlines } from '../../terminal/replies/text.js';
import { renderSources } from '../../terminal/text/markdown.js';
import { tryParseJson } from '../../util/json.js';
import { assertWritableFolder, withOutputError, writeAtomically } from '../../util/write-files.js';

const outputErrorOptions = {
  hint: 'Check the disk space and the permissions, or choose another folder with --out-dir.',
};

/**
 * Writes the files of `--out-dir`. When an act ends, it writes `01-name.md`, `01-name.wav` for the speech of a Live
 * model, and `01-name-1.png` for the first picture. The sources of a reply are listed below its text, unless the text
 * is JSON: with a list below it, the file would not be valid JSON. When the run ends, it writes `run.json`. Every
 * method throws a BoticelliError `output_failed` if writing fails.
 */
export interface ReplyFiles {
  /** Writes `01-name.md`. Writes nothing for a reply that has only media. */
  writeReply(actEnd: ActEnd): void;
  /** Writes `01-name.wav` and returns the file name. */
  writeAudio(act: { act: string; index: number }, audio: ReplyAudio): string;
  /** Writes `01-name-1.png` and returns the file name. @param number counts the media of a reply from 1 */
  writeMedia(act: { act: string; index: number }, media: ReplyMedia, number: number): string;
  writeReport(report: RunReport): void;
}

/** Loads the function that turns a text into a file name, without spaces, slashes and other special characters. */
export async function loadFileNameConverter(): Promise<(text: string) => string> {
  const { default: filenamify } = await import('filenamify');
  return (text) => filenamify(text.replaceAll(/\s+/g, '-'), { replacement: '-', maxLength: 80 });
}

/**
 * Creates the folder and checks that files can be written to it, before any request is sent. Does not change other
 * files in it. The folder of `--out-dir` may be a symbolic link, because the user has named it. A link inside it may be
 * someone else's, so it is never followed: a link in place of a file is replaced, and one in place of the subfolder is
 * an error.
 *
 * @param subfolder the narrative's own folder in `outDir`; empty if there is only one narrative
 * @throws BoticelliError `output_failed` if the folder can't be created or written to
 */
export async function openReplyFiles(outDir: string, subfolder = ''): Promise<ReplyFiles> {
  const toFileName = await loadFileNameConverter();
  const folder = join(outDir, subfolder);
  withOutputError(folder, outputErrorOptions, () => {
    if (subfolder !== '' && lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`it is a symbolic link to ${readlinkSync(folder)}`);
    mkdirSync(folder, { recursive: true });
    assertWritableFolder(folder);
  });
  const getBaseName = ({ act, index }: { act: string; index: number }) =>
    toFileName(`${String(index + 1).padStart(2, '0')}-${act}`);
  const writeFile = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    withOutputError(path, outputErrorOptions, () => writeAtomically(path, content));
  };
  return {
    writeReply: ({ text, media, sources, ...act }) => {
      if (text.trim() === '' && media && !sources) return;
      const list = sources && !isJsonDocument(text) ? `\n${renderSources(sources)}\n` : '';
      writeFile(`${getBaseName(act)}.md`, `${text.slice(0, lengthWithoutTrailingNewlines(text))}\n${list}`);
    },
    writeAudio(act, audio) {
      const name = `${getBaseName(act)}.wav`;
      writeFile(name, encodeWav(audio));
      return name;
    },
    writeMedia(act, { mimeType, base64 }, number) {
      const name = `${getBaseName(act)}-${number}.${getExtension(mimeType)}`;
      writeFile(name, Buffer.from(base64, 'base64'));
      return name;
    },
    writeReport: (report) => writeFile('run.json', `${stringifyJson(toRunDocument(report), 2)}\n`),
  };
}

/** Whether a text is a JSON object or array. */
function isJsonDocument(text: string): boolean {
  return /^\s*[{[]/.test(text) && tryParseJson(text) !== undefined;
}
