import { type Fault, fault } from '../../toml/fault.js';
import {
  type FileKind,
  faultsOf,
  missing,
  oneOfWords,
  shapeFaults,
  typeFault,
  type UnionIssue,
  within,
} from '../../toml/shape-faults.js';
import {
  isTable,
  type Path,
  quoted,
  type TomlTable,
  type TomlValue,
  tableWords,
  valueAt,
  valueWords,
} from '../../toml/toml.js';
import { narrativeFile } from '../schema/file-schema.js';
import { thinkingLevels } from '../schema/generation-schema.js';
import { unknownKey } from './unknown-key.js';

/** Every way in which a narrative file is not what the schema says: keys that are unknown or missing, types, ranges. */
export function narrativeShapeFaults(file: TomlTable): Fault[] {
  return shapeFaults(file, narrativeKind);
}

const narrativeKind: FileKind = { schema: narrativeFile, unknownKey, unionFaults, typeAdvice };

/** [[acts.look]] and [acts.look.input] are what people write who mean [[acts.look.input]]. */
function typeAdvice(path: Path, value: TomlValue): string {
  const isWithinAct = path[0] === 'acts' && path.length === 3;
  const isInput = isTable(value) && isWithinAct && (typeof path[2] === 'number' || path[2] === 'input');
  return isInput ? `: an input is written ${tableWords([...path.slice(0, 2), 'input', 0])}` : '';
}

/** A value that fits none of several forms is judged by the one form that takes values of its type. */
function unionFaults(issue: UnionIssue, file: TomlTable): Fault[] {
  const path = issue.path as Path;
  const value = valueAt(file, path);
  if (issue.discriminator !== undefined) return [typeOfInput(path, value)];
  if (path[0] === 'vars') return varFaults(path, value);
  if (path.at(-1) === 'context' && !Array.isArray(value)) return [contextFault(path, value)];
  if (path.at(-1) === 'thinking' && typeof value === 'string') return [levelFault(path, value)];
  const form = issue.errors.find((issues) => !issues.some((inner) => isOfAnotherType(inner, value)));
  if (form) return form.flatMap((inner) => faultsOf(within(path, inner), file, narrativeKind));
  return [typeFault(path, value, formsOf(path), narrativeKind)];
}

/** An issue with the value as a whole. A string that is none of a few values is of the right type all the same. */
function isOfAnotherType({ code, path }: UnionIssue['errors'][number][number], value: TomlValue | undefined): boolean {
  if (path.length > 0) return false;
  return code === 'invalid_type' || (code === 'invalid_value' && typeof value !== 'string');
}

function formsOf(path: Path): string {
  if (path.at(-1) === 'thinking') return oneOfWords([...thinkingLevels.map(quoted), 'a whole number']);
  if (path.at(-1) === 'schema' && path.length > 2) return 'a table or the name of a file';
  return 'a string, an array of strings or a table';
}

/** Numbers of any size are text in the end, and so are good here; nan and inf are nobody's meaning. */
function varFaults(path: Path, value: TomlValue | undefined): Fault[] {
  if (typeof value === 'bigint') return [];
  const expected = typeof value === 'number' ? 'a number' : 'a string, a number or a boolean';
  return [typeFault(path, value, expected, narrativeKind)];
}

function contextFault(path: Path, value: TomlValue | undefined): Fault {
  const expected = '"full", "previous", "none" or an array of acts';
  if (typeof value !== 'string') return typeFault(path, value, expected, narrativeKind);
  return fault('unknown-value', path, `${valueWords(path)} must be ${expected}, not ${quoted(value)}`, {
    misnamed: { name: value, known: ['full', 'previous', 'none'] },
  });
}

/** Of the two forms of `thinking` neither may be left out: `"2000"` was meant for a number. */
function levelFault(path: Path, value: string): Fault {
  return fault('unknown-value', path, `${valueWords(path)} must be ${formsOf(path)}, not ${quoted(value)}`, {
    misnamed: { name: value, known: thinkingLevels },
  });
}

/** The `type` of an input, which decides on everything else in it, is missing or none that there is. */
function typeOfInput(path: Path, value: TomlValue | undefined): Fault {
  if (value === undefined) return missing(path);
  if (typeof value !== 'string') return typeFault(path, value, 'a string', narrativeKind);
  const message = `${valueWords(path)} must be "text", "image", "audio", "video" or "document", not ${quoted(value)}`;
  return fault('unknown-type', path, message, {
    misnamed: { name: value, known: ['text', 'image', 'audio', 'video', 'document'] },
  });
}
