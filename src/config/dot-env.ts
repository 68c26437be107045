import { join } from 'node:path';
import { BoticelliError } from '../errors.js';
import { readRegularFile } from '../util/read-regular-file.js';
import { hasUtf16Bom } from '../util/utf16-bom.js';

/**
 * One line of a `.env`, by the grammar that Node's `--env-file` and the dotenv package share: an `export` before the
 * name, three kinds of quotes, over several lines too, and a comment after the value. Node has `util.parseEnv`, but
 * only since 20.12, and we run on 20.0.
 */
const assignmentPattern =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:(?:'([^']*)'|"([^"]*)"|`([^`]*)`)(?=[ \t]*(?:#.*)?$)|([^#\n]*))/gm;

/** Reads the text of a `.env`. Of a name that is there twice, the last one counts. */
export function parseDotEnv(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  const normalized = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  for (const [, name = '', singleQuoted, doubleQuoted, backtickQuoted, unquoted = ''] of normalized.matchAll(
    assignmentPattern,
  )) {
    variables.set(name, singleQuoted ?? doubleQuoted?.replaceAll('\\n', '\n') ?? backtickQuoted ?? unquoted.trim());
  }
  return variables;
}

/**
 * Reads the `.env` of a folder; empty where it has none. A folder of that name (Python's environments are called so)
 * or a pipe is none.
 * Rejects with `invalid_config` where there is one that can't be read. No message shows what is in it.
 */
export async function readDotEnv(folder: string): Promise<Map<string, string>> {
  const content = readRegularFile(join(folder, '.env'), 1_000_000);
  if ('bytes' in content) return parseDotEnv(decodeText(content.bytes));
  const { reason, message } = content.problem;
  if (reason === 'missing' || reason === 'folder' || reason === 'special') return new Map();
  throw new BoticelliError('invalid_config', `.env ${message}`, { hint: 'Mend it, or move it away.' });
}

/** A byte that is no UTF-8 may stand in what is none of ours: only a file that can't be understood at all is refused. */
function decodeText(bytes: Buffer): string {
  if (!hasUtf16Bom(bytes)) return bytes.toString('utf8');
  throw new BoticelliError('invalid_config', '.env is UTF-16', {
    hint: "Save it as UTF-8: Windows PowerShell's > writes UTF-16, Set-Content -Encoding utf8 does not.",
  });
}
