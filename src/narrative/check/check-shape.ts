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
import { valueExpectationSchema } from '../schema/expectation-schema.js';
import { narrativeFileSchema, narrativeTableNames } from '../schema/file-schema.js';
import { createRustInputTypeProblem } from './rust-original.js';
import { createUnknownKeyProblem } from './unknown-key.js';

/** Finds every mismatch between a narrative file and its schema: unknown and missing keys, types, ranges. */
export function checkShape(file: TomlTable): Problem[] {
  return validateFile(file, narrativeFormat);
}

const narrativeFormat: FileFormat = {
  schema: narrativeFileSchema,
  createUnknownKeyProblems(path, key, file) {
    const isPointer = path.length === 3 && path[0] === 'acts' && path[2] === 'expect' && key.startsWith('/');
    if (!isPointer) return [createUnknownKeyProblem(path, key, file)];
    return validateTable(valueExpectationSchema, [...path, key], file, narrativeFormat);
  },
  convertUnionIssue,
  formatTypeHint,
};

/**
 * Returns a hint for a common mistake: acts written as [[acts]]; inputs written as [[acts.look]], [acts.look.input] or
 * input = "…"; media = "…" or tools = "…" with a string instead of an array. Returns an empty text for any other value.
 */
function formatTypeHint(path: Path, value: TomlValue): string {
  if (path[0] === 'acts' && path.length === 1 && Array.isArray(value))
    return '; write each act as [acts.<name>], and list the names in "order" in [toc]';
  if (getSetting(path) === 'tools' && typeof value === 'string') return `; write tools = [${quote(value)}]`;
  if (path[0] !== 'acts' || path.length !== 3) return '';
  if (isTable(value) && (typeof path[2] === 'number' || path[2] === 'input'))
    return `; write an input as ${formatTableHeader([...path.slice(0, 2), 'input', 0])}`;
  if (typeof value !== 'string') return '';
  if (path[2] === 'media') return `; write media = [${quote(value)}]`;
  return path[2] === 'input' ? '; write prompt = "…"' : '';
}

/**
 * Handles a value that matches no option of a union. Returns the problems that the value has with the option whose type
 * fits, or one type problem if no type fits.
 */
function convertUnionIssue(issue: UnionIssue, file: TomlTable): Problem[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  // Only the union of inputs has a discriminator: the `type`, which determines the other keys.
  if (issue.discriminator !== undefined) {
    const rustProblem = createRustInputTypeProblem(path, value);
    if (rustProblem) return [rustProblem];
    return [createValueProblem(path, value, ['text', ...mediaKinds], narrativeFormat, { rule: 'unknown-type' })];
  }
  if (path[0] === 'vars') return validateVar(path, value);
  const setting = getSetting(path);
  if (setting === 'context' && !Array.isArray(value)) {
    const expected = '"full", "previous", "none" or an array of act names';
    return [createValueProblem(path, value, ['full', 'previous', 'none'], narrativeFormat, { expected })];
  }
  const expected = describeOptions(path);
  // The message also says that a number is allowed, because "2000" is probably a number in quotes.
  if (setting === 'thinking' && typeof value === 'string')
    return [createValueProblem(path, value, thinkingLevels, narrativeFormat, { expected })];
  if (setting === 'service_tier' && typeof value === 'string')
    return [createValueProblem(path, value, serviceTiers, narrativeFormat, { expected })];
  const fittingOption = issue.errors.find((issues) => !issues.some((mismatch) => isTypeMismatch(mismatch, value)));
  if (!fittingOption) return [createTypeProblem(path, value, expected, narrativeFormat)];
  return fittingOption.flatMap((mismatch) => convertIssue(prependPath(path, mismatch), file, narrativeFormat));
}

/**
 * Whether an issue is about the type of the whole value. For an enum, every wrong value is an `invalid_value`: a string
 * then has the right type, and any other value has the wrong one.
 */
function isTypeMismatch({ code, path }: UnionIssue['errors'][number][number], value: TomlValue | undefined): boolean {
  if (path.length > 0) return false;
  return code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string');
}

/** Returns the key of a setting of the narrative or of an act; undefined for any other path, such as that of an act. */
function getSetting(path: Path): Path[number] | undefined {
  if (path[0] === 'acts') return path.length === 3 ? path[2] : undefined;
  return path.length === 2 && narrativeTableNames.some((name) => name === path[0]) ? path[1] : undefined;
}

function describeOptions(path: Path): string {
  const setting = getSetting(path);
  if (setting === 'thinking') return formatAlternatives([...thinkingLevels.map(quote), 'a whole number']);
  if (setting === 'service_tier') return formatAlternatives([...serviceTiers.map(quote), 'an array of these']);
  if (setting === 'schema') return 'a table or a file name';
  if (path[2] === 'expect') {
    const acceptsArray = path.at(-1) === 'contains' || path.at(-1) === 'not_contains';
    return acceptsArray ? 'a string or an array of strings' : 'a string, a number or a boolean';
  }
  return 'a string, an array of strings or a table';
}

/**
 * Checks a variable that the schema rejects. A bigint is valid after all, because variables become text. The only
 * rejected numbers are `inf` and `nan`.
 */
function validateVar(path: Path, value: TomlValue | undefined): Problem[] {
  if (typeof value === 'bigint') return [];
  const expected = typeof value === 'number' ? 'a number' : 'a string, a number or a boolean';
  return [createTypeProblem(path, value, expected, narrativeFormat)];
}
