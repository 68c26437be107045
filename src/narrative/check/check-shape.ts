import { thinkingLevels } from '../../facts/model-facts.js';
import { serviceTiers } from '../../facts/service-tiers.js';
import { mediaKinds } from '../../media/media-types.js';
import type { Problem } from '../../toml/problem.js';
import {
  formatTableHeader,
  isTable,
  type Path,
  quote,
  type TomlTable,
  type TomlValue,
  valueAt,
} from '../../toml/toml.js';
import {
  convertIssue,
  createTypeProblem,
  createValueProblem,
  type FileFormat,
  formatAlternatives,
  prependPath,
  type UnionIssue,
  validateFile,
  validateTable,
} from '../../toml/validate-file.js';
import { pointerExpectationSchema } from '../schema/expectation-schema.js';
import { narrativeFileSchema, narrativeTableAliases } from '../schema/file-schema.js';
import { createRustInputTypeProblem } from './rust-original.js';
import { createUnknownKeyProblem } from './unknown-key.js';

/** Finds every mismatch between a narrative file and its schema: unknown and missing keys, types, ranges. */
export function checkShape(file: TomlTable): Problem[] {
  return validateFile(file, narrativeFormat);
}

const narrativeFormat: FileFormat = {
  schema: narrativeFileSchema,
  createUnknownKeyProblems(keyPath, key, file) {
    const isPointer = keyPath.length === 3 && keyPath[0] === 'acts' && keyPath[2] === 'expect' && key.startsWith('/');
    if (!isPointer) return [createUnknownKeyProblem(keyPath, key, file)];
    return validateTable(pointerExpectationSchema, [...keyPath, key], file, narrativeFormat);
  },
  convertUnionIssue,
  formatTypeHint,
};

/**
 * Returns a hint for a common mistake: acts written as [[acts]]; inputs written as [[acts.look]], [acts.look.input] or
 * input = "…"; media = "…" or tools = "…" with a string instead of an array. Returns an empty text for any other value.
 */
function formatTypeHint(keyPath: Path, value: TomlValue): string {
  if (keyPath[0] === 'acts' && keyPath.length === 1 && Array.isArray(value))
    return '; write each act as [acts.<name>], and list the names in "order" in [toc]';
  if (getSetting(keyPath) === 'tools' && typeof value === 'string') return `; write tools = [${quote(value)}]`;
  if (keyPath[0] !== 'acts' || keyPath.length !== 3) return '';
  if (isTable(value) && (typeof keyPath[2] === 'number' || keyPath[2] === 'input'))
    return `; write an input as ${formatTableHeader([...keyPath.slice(0, 2), 'input', 0])}`;
  if (typeof value !== 'string') return '';
  if (keyPath[2] === 'media') return `; write media = [${quote(value)}]`;
  return keyPath[2] === 'input' ? '; write prompt = "…"' : '';
}

/**
 * Handles a value that matches no option of a union. Returns the problems that the value has with the option whose type
 * fits, or one type problem if no type fits.
 */
function convertUnionIssue(issue: UnionIssue, file: TomlTable): Problem[] {
  const keyPath = issue.path as Path;
  const value = valueAt(file, keyPath);
  // Only the union of inputs has a discriminator: the `type`, which determines the other keys.
  if (issue.discriminator !== undefined) {
    // An input type that only the original version of boticelli, in Rust, has gets a message of its own.
    const rustProblem = createRustInputTypeProblem(keyPath, value);
    if (rustProblem) return [rustProblem];
    return [createValueProblem(keyPath, value, ['text', ...mediaKinds], narrativeFormat, { rule: 'unknown-type' })];
  }
  if (keyPath[0] === 'vars') return validateVar(keyPath, value);
  const setting = getSetting(keyPath);
  if (setting === 'context' && !Array.isArray(value)) {
    const expected = '"full", "previous", "none" or an array of act names';
    return [createValueProblem(keyPath, value, ['full', 'previous', 'none'], narrativeFormat, { expected })];
  }
  const expected = describeOptions(keyPath);
  // The message also says that a number is allowed, because "2000" is probably a number in quotes.
  if (setting === 'thinking' && typeof value === 'string')
    return [createValueProblem(keyPath, value, thinkingLevels, narrativeFormat, { expected })];
  if (setting === 'service_tier' && typeof value === 'string')
    return [createValueProblem(keyPath, value, serviceTiers, narrativeFormat, { expected })];
  const fittingOption = issue.errors.find((issues) => !issues.some((mismatch) => isTypeMismatch(mismatch, value)));
  if (!fittingOption) return [createTypeProblem(keyPath, value, expected, narrativeFormat)];
  return fittingOption.flatMap((mismatch) => convertIssue(prependPath(keyPath, mismatch), file, narrativeFormat));
}

/**
 * Whether an issue is about the type of the whole value. Zod reports every wrong value of an enum as `invalid_value`,
 * whatever its type. Our enums have only strings, so a string has the right type.
 */
function isTypeMismatch({ code, path }: UnionIssue['errors'][number][number], value: TomlValue | undefined): boolean {
  if (path.length > 0) return false;
  return code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string');
}

/** Returns the key of a setting of the narrative or of an act; undefined for any other path, such as that of an act. */
function getSetting(keyPath: Path): Path[number] | undefined {
  if (keyPath[0] === 'acts') return keyPath.length === 3 ? keyPath[2] : undefined;
  return keyPath.length === 2 && narrativeTableAliases.some((alias) => alias === keyPath[0]) ? keyPath[1] : undefined;
}

function describeOptions(keyPath: Path): string {
  const setting = getSetting(keyPath);
  if (setting === 'thinking') return formatAlternatives([...thinkingLevels.map(quote), 'a whole number']);
  if (setting === 'service_tier') return formatAlternatives([...serviceTiers.map(quote), 'an array of these']);
  if (setting === 'schema') return 'a table or a file name';
  if (keyPath[2] === 'expect') {
    const acceptsArray = keyPath.at(-1) === 'contains' || keyPath.at(-1) === 'not_contains';
    return acceptsArray ? 'a string or an array of strings' : 'a string, a number or a boolean';
  }
  // The remaining case is an act itself.
  return 'a string, an array of strings or a table';
}

/**
 * Checks a variable that the schema rejects. A bigint is valid after all, because variables become text. The only
 * rejected numbers are `inf` and `nan`.
 */
function validateVar(keyPath: Path, value: TomlValue | undefined): Problem[] {
  if (typeof value === 'bigint') return [];
  const expected = typeof value === 'number' ? 'a number' : 'a string, a number or a boolean';
  return [createTypeProblem(keyPath, value, expected, narrativeFormat)];
}
