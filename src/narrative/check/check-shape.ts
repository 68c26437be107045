import { mediaKinds } from '../../media/media-types.js';
import { errorAt, type Problem } from '../../toml/problem.js';
import {
  describePath,
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
  createMissingProblem,
  createTypeProblem,
  type FileFormat,
  formatAlternatives,
  prependPath,
  type UnionIssue,
  validateFile,
} from '../../toml/validate-file.js';
import { narrativeFileSchema } from '../schema/file-schema.js';
import { thinkingLevels } from '../schema/generation-schema.js';
import { createUnknownKeyProblem } from './unknown-key.js';

/** Finds every mismatch between a narrative file and its schema: unknown and missing keys, types, ranges. */
export function checkShape(file: TomlTable): Problem[] {
  return validateFile(file, narrativeFormat);
}

const narrativeFormat: FileFormat = {
  schema: narrativeFileSchema,
  createUnknownKeyProblem,
  convertUnionIssue,
  formatTypeHint,
};

/** Detects inputs that are written as [[acts.look]], [acts.look.input] or input = "…" instead of [[acts.look.input]]. */
function formatTypeHint(path: Path, value: TomlValue): string {
  if (path[0] !== 'acts' || path.length !== 3) return '';
  if (isTable(value) && (typeof path[2] === 'number' || path[2] === 'input'))
    return `; write an input as ${formatTableHeader([...path.slice(0, 2), 'input', 0])}`;
  const isText = path[2] === 'input' && typeof value === 'string';
  return isText ? '; write input = [{ type = "text", content = "…" }]' : '';
}

/** If a value matches no option of a union, the problems are those of the option that accepts its type. */
function convertUnionIssue(issue: UnionIssue, file: TomlTable): Problem[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  if (issue.discriminator !== undefined) return [createInputTypeProblem(path, value)];
  if (path[0] === 'vars') return validateVar(path, value);
  if (path.at(-1) === 'context' && !Array.isArray(value)) return [createContextProblem(path, value)];
  if (path.at(-1) === 'thinking' && typeof value === 'string') return [createThinkingProblem(path, value)];
  const matchingForm = issue.errors.find((issues) => !issues.some((innerIssue) => isTypeMismatch(innerIssue, value)));
  if (matchingForm)
    return matchingForm.flatMap((innerIssue) => convertIssue(prependPath(path, innerIssue), file, narrativeFormat));
  return [createTypeProblem(path, value, describeForms(path), narrativeFormat)];
}

/** Whether an issue is about the type of the whole value. A string that is not one of the allowed values has the right type. */
function isTypeMismatch({ code, path }: UnionIssue['errors'][number][number], value: TomlValue | undefined): boolean {
  if (path.length > 0) return false;
  return code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string');
}

function describeForms(path: Path): string {
  if (path.at(-1) === 'thinking') return formatAlternatives([...thinkingLevels.map(quote), 'a whole number']);
  if (path.at(-1) === 'schema' && path.length > 2) return 'a table or a file name';
  return 'a string, an array of strings or a table';
}

/** Numbers of any size are valid, because they become text; nan and inf are not. */
function validateVar(path: Path, value: TomlValue | undefined): Problem[] {
  if (typeof value === 'bigint') return [];
  const expected = typeof value === 'number' ? 'a number' : 'a string, a number or a boolean';
  return [createTypeProblem(path, value, expected, narrativeFormat)];
}

function createContextProblem(path: Path, value: TomlValue | undefined): Problem {
  const expected = '"full", "previous", "none" or an array of act names';
  if (typeof value !== 'string') return createTypeProblem(path, value, expected, narrativeFormat);
  return errorAt('unknown-value', path, `${describePath(path)} must be ${expected}, not ${quote(value)}`, {
    suggest: { name: value, candidates: ['full', 'previous', 'none'] },
  });
}

/** The message lists both forms of `thinking`: for `"2000"`, a number was meant. */
function createThinkingProblem(path: Path, value: string): Problem {
  return errorAt('unknown-value', path, `${describePath(path)} must be ${describeForms(path)}, not ${quote(value)}`, {
    suggest: { name: value, candidates: thinkingLevels },
  });
}

/** Creates the problem for an input whose `type`, which determines its other keys, is missing or unknown. */
function createInputTypeProblem(path: Path, value: TomlValue | undefined): Problem {
  if (value === undefined) return createMissingProblem(path);
  if (typeof value !== 'string') return createTypeProblem(path, value, 'a string', narrativeFormat);
  const candidates = ['text', ...mediaKinds];
  const message = `${describePath(path)} must be ${formatAlternatives(candidates.map(quote))}, not ${quote(value)}`;
  return errorAt('unknown-type', path, message, { suggest: { name: value, candidates } });
}
