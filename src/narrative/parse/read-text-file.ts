import { isAbsolute, join, resolve } from 'node:path';
import { decodeText } from '../../toml/decode-text.js';
import { errorAt, type Problem } from '../../toml/problem.js';
import { type Path, quote } from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { hasUtf16Bom } from '../../util/utf16.js';
import { findOutsideProblem } from '../allowed-folder.js';
import type { MediaReadOptions } from './read-media.js';

/** The maximum size of a text file, in bytes. It equals `maxNarrativeBytes`, the limit for a narrative file. */
const maxTextBytes = 32_000_000;

/** The text of a file, or why it can't be used. */
type TextFileResult = { ok: true; text: string; label: string } | { ok: false; problem: Problem };

/**
 * Reads the `file` of a text input, with LF line endings, so that a narrative sends the same requests on every system.
 * `label` is the path of the text file for messages. It is relative to the working folder, unless the text file or the
 * narrative was named by an absolute path.
 */
export function readTextFile(
  file: string,
  keyPath: Path,
  { folder, allowedFolder }: Pick<MediaReadOptions, 'folder' | 'allowedFolder'>,
): TextFileResult {
  const fail = (
    rule: 'text-not-found' | 'outside-folder' | 'bad-text' | 'empty-prompt',
    message: string,
  ): TextFileResult => ({
    ok: false,
    problem: errorAt(rule, keyPath, message),
  });
  // An empty name would resolve to the folder itself.
  if (file.trim() === '') return fail('text-not-found', 'the file name is empty');
  const name = `the file ${quote(file)}`;
  const filePath = resolve(folder, file);
  const outsideProblem = findOutsideProblem(filePath, name, allowedFolder);
  if (outsideProblem !== undefined) return fail('outside-folder', outsideProblem);
  const content = readRegularFile(filePath, maxTextBytes);
  if (!content.ok) {
    const { reason, message } = content.problem;
    if (reason === 'too-large') return fail('bad-text', `${name} ${message}`);
    const hint = file.includes('{{') ? '; placeholders are filled in the text, not in the name of its file' : '';
    return fail('text-not-found', `${name} ${message}${hint}`);
  }
  const { text, diagnostic } = decodeText(content.bytes);
  // Data that contains a NUL byte is not text. grep and git detect binary files by the same rule.
  if (content.bytes.includes(0) && !hasUtf16Bom(content.bytes))
    return fail(
      'bad-text',
      `${name} is binary, not text; for a picture, a sound or a PDF use an input with type = "image", "audio" or "document"`,
    );
  if (diagnostic) return fail('bad-text', `${name} is not UTF-8 text: ${diagnostic.message}`);
  if (text.trim() === '') return fail('empty-prompt', `${name} is empty`);
  return { ok: true, text, label: isAbsolute(file) ? file : join(folder, file) };
}
