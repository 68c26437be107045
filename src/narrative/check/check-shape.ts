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

/** Every way in which a narrative file is not what the schema says: keys that are unknown or missing, types, ranges. */
export function checkShape(file: TomlTable): Problem[] {
  return validateFile(file, narrativeFormat);
}

const narrativeFormat: FileFormat = {
  schema: narrativeFileSchema,
  createUnknownKeyProblem,
  convertUnionIssue,
  formatTypeHint,
};

/** [[acts.look]] and [acts.look.input] are what people write who mean [[acts.look.input]]. */
function formatTypeHint(path: Path, value: TomlValue): string {
  const isWithinAct = path[0] === 'acts' && path.length === 3;
  const isInput = isTable(value) && isWithinAct && (typeof path[2] === 'number' || path[2] === 'input');
  return isInput ? `: an input is written ${formatTableHeader([...path.slice(0, 2), 'input', 0])}` : '';
}

/** A value that fits none of several forms is judged by the one form that takes values of its type. */
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

/** An issue with the value as a whole. A string that is none of a few values is of the right type all the same. */
function isTypeMismatch({ code, path }: UnionIssue['errors'][number][number], value: TomlValue | undefined): boolean {
  if (path.length > 0) return false;
  return code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string');
}

function describeForms(path: Path): string {
  if (path.at(-1) === 'thinking') return formatAlternatives([...thinkingLevels.map(quote), 'a whole number']);
  if (path.at(-1) === 'schema' && path.length > 2) return 'a table or the name of a file';
  return 'a string, an array of strings or a table';
}

/** Numbers of any size are text in the end, and so are good here; nan and inf are nobody's meaning. */
function validateVar(path: Path, value: TomlValue | undefined): Problem[] {
  if (typeof value === 'bigint') return [];
  const expected = typeof value === 'number' ? 'a number' : 'a string, a number or a boolean';
  return [createTypeProblem(path, value, expected, narrativeFormat)];
}

function createContextProblem(path: Path, value: TomlValue | undefined): Problem {
  const expected = '"full", "previous", "none" or an array of acts';
  if (typeof value !== 'string') return createTypeProblem(path, value, expected, narrativeFormat);
  return errorAt('unknown-value', path, `${describePath(path)} must be ${expected}, not ${quote(value)}`, {
    suggest: { name: value, candidates: ['full', 'previous', 'none'] },
  });
}

/** Of the two forms of `thinking` neither may be left out: `"2000"` was meant for a number. */
function createThinkingProblem(path: Path, value: string): Problem {
  return errorAt('unknown-value', path, `${describePath(path)} must be ${describeForms(path)}, not ${quote(value)}`, {
    suggest: { name: value, candidates: thinkingLevels },
  });
}

/** The `type` of an input, which decides on everything else in it, is missing or none that there is. */
function createInputTypeProblem(path: Path, value: TomlValue | undefined): Problem {
  if (value === undefined) return createMissingProblem(path);
  if (typeof value !== 'string') return createTypeProblem(path, value, 'a string', narrativeFormat);
  const message = `${describePath(path)} must be "text", "image", "audio", "video" or "document", not ${quote(value)}`;
  return errorAt('unknown-type', path, message, {
    suggest: { name: value, candidates: ['text', 'image', 'audio', 'video', 'document'] },
  });
}
