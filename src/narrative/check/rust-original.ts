import { errorAt, type Problem } from '../../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable, type TomlValue, valueAt } from '../../toml/toml.js';
import { narrativeTableAliases } from '../schema/file-schema.js';

// The original version of boticelli is written in Rust (github.com/crumplecup/botticelli, read 2026-11). Some parts of
// its narratives are not supported here or have another syntax. The messages show what to write instead.

/** Input types of the original, each with what to do instead. */
const inputTypeAdvice: Readonly<Record<string, string>> = {
  table: 'write the rows into a text, or pipe them in and write {{stdin}}',
  bot_command: 'run the command yourself, pipe its output in and write {{stdin}}',
};

/** Creates the problem for an input type that only the original has; undefined for any other type. */
export function createRustInputTypeProblem(keyPath: Path, type: TomlValue | undefined): Problem | undefined {
  if (typeof type !== 'string' || !Object.hasOwn(inputTypeAdvice, type)) return undefined;
  const message = `${describePath(keyPath)} is ${quote(type)}, which only the original Rust version has`;
  return errorAt('not-supported', keyPath, `${message}; ${inputTypeAdvice[type]}`);
}

/** Creates the problem for a key that only the original has; undefined for any other key. */
export function createRustKeyProblem(tablePath: Path, key: string, file: TomlTable): Problem | undefined {
  const keyPath = [...tablePath, key];
  const advice = getKeyAdvice(keyPath, valueAt(file, keyPath));
  if (advice === undefined) return undefined;
  const message = `${describePath(keyPath)} is the syntax of the original Rust version; ${advice}`;
  return errorAt('not-supported', keyPath, message, { target: 'key' });
}

function getKeyAdvice(keyPath: Path, value: TomlValue | undefined): string | undefined {
  const [top, name, key] = keyPath;
  if (keyPath.length === 2 && name === 'carousel' && narrativeTableAliases.some((alias) => alias === top))
    return `write carousel = ${getRounds(value)} in [toc]`;
  if (keyPath.length !== 3 || top !== 'acts') return undefined;
  if (key === 'carousel') return `in "order" in [toc], list ${quote(String(name))} as often as it should run`;
  if (key !== 'narrative') return undefined;
  const nested = typeof value === 'string' ? value : 'name';
  return `write ${formatKey(String(name))} = [${quote(`narrative:${nested}`)}] in [acts]`;
}

/** Formats a key as it is written in TOML: in quotes where necessary. */
function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quote(key);
}

/**
 * Returns the number of rounds: 5 for `5` and for a table with `iterations = 5`. Without a number, returns 2 as an
 * example.
 */
function getRounds(value: TomlValue | undefined): number {
  const rounds = isTable(value) ? value.iterations : value;
  return typeof rounds === 'number' ? rounds : 2;
}

/**
 * Whether an act is a table that names a narrative instead of inputs, as in the original. Then only the key "narrative"
 * is reported: a second error about the missing "input" would confuse.
 */
export function isRustNarrativeAct(act: TomlValue | undefined): boolean {
  return isTable(act) && act.narrative !== undefined && act.input === undefined;
}
