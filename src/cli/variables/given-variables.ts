import { isUtf8 } from 'node:buffer';
import { BoticelliError } from '../../errors.js';
import { readRegularFile } from '../../util/read-regular-file.js';

/** The options that set variables. */
export interface VariableOptions {
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  /** Paths of `--var-file`, by the name of the variable. */
  varFile?: ReadonlyMap<string, string>;
  /** The JSON or TOML file of `--vars`. */
  vars?: string;
}

/** The variables from the command line. Each combination of `--matrix` adds its variables to a copy. */
export interface GivenVariables {
  /** The values by name. */
  values: ReadonlyMap<string, string>;
  /** The flag that gave each value, for example `--var`. */
  flags: ReadonlyMap<string, VariableFlag>;
}

type VariableFlag = '--var' | '--var-file' | '--vars' | '--matrix';

/** The maximum size of a variable file, in bytes: that of a narrative. */
const maxFileBytes = 32_000_000;

/**
 * Reads the values of variables. `--var` takes precedence over `--var-file`, and both over the file of `--vars`.
 *
 * @throws BoticelliError `no_input` for a file that can't be read, is binary or too large; `invalid_narrative` for a
 *   file of `--vars` that is not valid; `usage` for a file of `--vars` whose name ends in neither `.json` nor `.toml`
 */
export async function readGivenVariables(options: VariableOptions): Promise<GivenVariables> {
  const values = new Map<string, string>();
  const flags = new Map<string, VariableFlag>();
  const add = (flag: VariableFlag, given: Iterable<readonly [name: string, value: string]>) => {
    for (const [name, value] of given) {
      values.set(name, value);
      flags.set(name, flag);
    }
  };
  if (options.vars !== undefined) add('--vars', await readVariablesFile(options.vars));
  for (const [name, file] of options.varFile ?? []) {
    add('--var-file', [[name, new TextDecoder().decode(readTextBytes(file, `--var-file ${name}`))]]);
  }
  add('--var', options.var ?? []);
  return { values, flags };
}

async function readVariablesFile(file: string): Promise<ReadonlyMap<string, string>> {
  const format = /\.(json|toml)$/i.exec(file)?.[1]?.toLowerCase();
  if (format === undefined) {
    throw new BoticelliError('usage', `--vars ${file}: the name must end in .json or .toml`, {
      hint: 'For the text of one variable, use --var-file key=path.',
    });
  }
  const bytes = readTextBytes(file, '--vars');
  const { parseJsonVariables, parseTomlVariables } = await import('./parse-variables.js');
  return format === 'json' ? parseJsonVariables(file, bytes) : parseTomlVariables(file, bytes);
}

/** Reads a file that must be UTF-8 text. */
function readTextBytes(file: string, flag: string): Buffer {
  const content = readRegularFile(file, maxFileBytes);
  if (!content.ok) {
    const hint =
      content.problem.reason === 'special'
        ? 'Pipe its text in and write {{stdin}}, or save it to a file.'
        : 'Check the path. It is relative to the current folder.';
    throw new BoticelliError('no_input', `${flag}: ${file} ${content.problem.message}`, { hint });
  }
  // Data that contains a NUL byte is not text. grep and git detect binary files by the same rule.
  if (isUtf8(content.bytes) && !content.bytes.includes(0)) return content.bytes;
  throw new BoticelliError('no_input', `${flag}: ${file} is not UTF-8 text`, {
    hint: 'Save it as UTF-8. For images and other files, use [media] in the narrative.',
  });
}
