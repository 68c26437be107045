import { join } from 'node:path';
import { BoticelliError } from '../errors.js';
import { readRegularFile } from '../util/read-regular-file.js';
import { hasUtf16Bom } from '../util/utf16.js';

/** The environment variables that contain settings. Other variables in a `.env` are ignored. */
type EnvironmentVariableName =
  | 'GEMINI_API_KEY'
  | 'GOOGLE_API_KEY'
  | 'GEMINI_TIER'
  | 'GOOGLE_GEMINI_BASE_URL'
  | 'BOTICELLI_MODEL'
  | 'BOTICELLI_STATE_DIR'
  | 'BOTICELLI_REDIS_URL';

/** The environment of the process. */
export type Environment = Record<string, string | undefined>;

/** Returns a variable, or undefined if it is not set. */
export type VariableLookup = (name: EnvironmentVariableName) => EnvironmentVariable | undefined;

/** A variable that is set. */
export interface EnvironmentVariable {
  value: string;
  /** The name for messages, followed by ` in .env` if the variable is set there. */
  label: string;
  isFromDotEnv: boolean;
}

/**
 * Creates a function that looks up a variable in the environment first and then in the `.env`. An empty variable counts
 * as not set. Values are trimmed, because it is easy to copy white space by mistake.
 */
export function createVariableLookup(environment: Environment, dotEnv: ReadonlyMap<string, string>): VariableLookup {
  return (name) => {
    const environmentValue = environment[name]?.trim();
    if (environmentValue) return { value: environmentValue, label: name, isFromDotEnv: false };
    const dotEnvValue = dotEnv.get(name)?.trim();
    return dotEnvValue ? { value: dotEnvValue, label: `${name} in .env`, isFromDotEnv: true } : undefined;
  };
}

/**
 * An assignment in a `.env`, in the grammar that Node's `--env-file` and the dotenv package share: an optional
 * `export`, three kinds of quotes, values of several lines, and a comment after the value. `util.parseEnv` can't be
 * used instead: Node has `util.parseEnv` only since 20.12, and boticelli supports 20.0. Even in Node 20.20,
 * `util.parseEnv` mistakes a byte order mark, an indented comment or a line without `=` for the beginning of a name.
 */
const assignmentPattern =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:(?:'([^']*)'|"([^"]*)"|`([^`]*)`)(?=[ \t]*(?:#.*)?$)|([^#\n]*))/gm;

/** Parses the text of a `.env`. The last assignment of a name wins. */
export function parseDotEnv(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  const normalized = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  for (const [, name = '', single, double, backtick, unquoted = ''] of normalized.matchAll(assignmentPattern))
    variables.set(name, single ?? double?.replaceAll('\\n', '\n') ?? backtick ?? unquoted.trim());
  return variables;
}

/**
 * Reads the `.env` of a folder. The result is empty if the file does not exist, or if `.env` is a pipe or a folder
 * (some Python projects have a virtual environment of that name). Messages never show the content of the file.
 *
 * @throws BoticelliError `invalid_config` for a file that can't be read
 */
export async function readDotEnv(folder: string): Promise<Map<string, string>> {
  const content = readRegularFile(join(folder, '.env'), 1_000_000);
  if ('bytes' in content) return parseDotEnv(decodeDotEnv(content.bytes));
  const { reason, message } = content.problem;
  if (reason === 'missing' || reason === 'folder' || reason === 'special') return new Map();
  throw new BoticelliError('invalid_config', `.env ${message}`, { hint: 'Fix the file, or move it elsewhere.' });
}

/**
 * Accepts invalid UTF-8, because it may be in variables of other programs. Rejects UTF-16, because then no variable can
 * be read.
 */
function decodeDotEnv(bytes: Buffer): string {
  if (!hasUtf16Bom(bytes)) return bytes.toString('utf8');
  throw new BoticelliError('invalid_config', '.env is UTF-16', {
    hint: 'Save it as UTF-8. In Windows PowerShell, > writes UTF-16: use Set-Content -Encoding utf8 instead.',
  });
}
