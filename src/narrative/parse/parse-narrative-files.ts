import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { readToml } from '../../toml/read-toml.js';
import { type Path, quote } from '../../toml/toml.js';
import { type FileError, readRegularFile } from '../../util/read-regular-file.js';
import { findOutsideProblem } from '../allowed-folder.js';
import type { AllowedFolder } from '../narrative.js';
import { completeFile, createParsedFile, type LintOptions, type ParsedNarrativeFile } from './parsed-narrative-file.js';
import { readNarrative } from './read-narrative.js';

/**
 * The maximum size of a narrative file, in bytes. It leaves room for images in base64. A larger file is probably
 * something else, such as a video that was named by mistake.
 */
export const maxNarrativeBytes = 32_000_000;

/** The maximum nesting depth of narratives, including the outermost one. */
const maxNarrativeDepth = 16;

/** A narrative file's content. */
export interface NarrativeContent {
  /** The file's name as the user gave it. */
  file: string;
  bytes: Uint8Array;
  /** The folder that the paths in the file are relative to. */
  folder: string;
  /** Whether the content was read from standard input, in which case `{{stdin}}` is empty. Default false. */
  isFromStdin?: boolean;
}

/**
 * Parses a file and its nested narratives as far as this is possible synchronously. The caller then runs the `pending`
 * tasks one after the other, and finally calls `finish`, which returns each file once, starting with the outermost.
 */
export function parseNarrativeFiles(content: NarrativeContent, options: ParseOptions) {
  const context: ParseContext = { content, options, files: new Map(), pending: [], finishers: [] };
  parseNarrativeFile(content.file, content.bytes, [], context);
  return {
    pending: context.pending,
    finish(): readonly ParsedNarrativeFile[] {
      for (const finishFile of context.finishers) finishFile();
      return [...context.files.values()];
    },
  };
}

/** Options for parsing. */
export interface ParseOptions extends LintOptions {
  /**
   * Restricts reading to the files of one folder, and fetching to public addresses. Default: any file may be read, and
   * any URL fetched.
   */
  confinement?: AllowedFolder | undefined;
}

/** The state that all files share. */
interface ParseContext {
  /** The outermost file. */
  content: NarrativeContent;
  options: ParseOptions;
  /** The files by path. The outermost file has the key '': its path is resolved only if it nests a narrative. */
  files: Map<string, ParsedNarrativeFile>;
  pending: (() => Promise<void>)[];
  /** The final step of each parsed file, the innermost files first. */
  finishers: (() => void)[];
}

/**
 * Parses the content of a file, and its nested narratives.
 * @param chain the paths of the files that lead to this one, including this one but not the outermost file
 */
function parseNarrativeFile(
  name: string,
  bytes: Uint8Array,
  chain: readonly string[],
  context: ParseContext,
): ParsedNarrativeFile {
  const { files, pending, finishers, options, content } = context;
  const tomlResult = readToml(bytes);
  const parsedFile = createParsedFile(name, tomlResult.text);
  files.set(chain.at(-1) ?? '', parsedFile);
  if (!tomlResult.ok) {
    parsedFile.hasErrors = true;
    pending.push(async () => {
      parsedFile.parseDiagnostic = await tomlResult.diagnose();
    });
    return parsedFile;
  }
  const readNested = (nestedName: string, keyPath: Path, report: ReportProblem) => {
    const nestedFile = findNestedFile(nestedName, keyPath, chain, context, report);
    if (!nestedFile) return undefined;
    if (!parsedFile.nestedFiles.includes(nestedFile)) parsedFile.nestedFiles.push(nestedFile);
    parsedFile.nestingDepth = Math.max(parsedFile.nestingDepth, nestedFile.nestingDepth + 1);
    return nestedFile.narrative;
  };
  const { table } = tomlResult;
  const { folder, isFromStdin = false } = content;
  const pendingNarrative = readNarrative({
    ...{ table, folder, readNested, isFromStdin },
    allowedFolder: options.confinement,
  });
  parsedFile.narrative = pendingNarrative.narrative;
  for (const task of pendingNarrative.pending) pending.push(task);
  finishers.push(() => completeFile(parsedFile, pendingNarrative.finish(), table, options));
  return parsedFile;
}

/** Finds a narrative by name in the folder and parses it, or reports the problem that prevents nesting it. */
function findNestedFile(
  name: string,
  keyPath: Path,
  chain: readonly string[],
  context: ParseContext,
  report: ReportProblem,
): ParsedNarrativeFile | undefined {
  const nameProblem = validateNarrativeName(name, keyPath);
  if (nameProblem) return void report(nameProblem);
  const { folder } = context.content;
  const key = resolve(folder, `${name}.toml`);
  const fullChain = [resolve(folder, basename(context.content.file)), ...chain];
  if (fullChain.includes(key)) {
    const cycle = formatChain([...fullChain.slice(fullChain.indexOf(key)), key]);
    return void report(errorAt('narrative-circle', keyPath, `the narrative contains itself: ${cycle}`));
  }
  const existing = context.files.get(key);
  if (fullChain.length + (existing?.nestingDepth ?? 1) > maxNarrativeDepth) {
    const message = `narratives are nested more than ${maxNarrativeDepth} deep: ${formatChain([...fullChain, key])}`;
    return void report(errorAt('narrative-depth', keyPath, message));
  }
  if (existing) return existing;
  const file = join(folder, `${name}.toml`);
  const outsideProblem = findOutsideProblem(key, `the narrative ${quote(basename(file))}`, context.options.confinement);
  if (outsideProblem !== undefined) return void report(errorAt('outside-folder', keyPath, outsideProblem));
  const content = readRegularFile(file, maxNarrativeBytes);
  if (!content.ok) return void report(createUnreadableFileProblem(file, content.problem, keyPath));
  return parseNarrativeFile(file, content.bytes, [...chain, key], context);
}

function formatChain(files: readonly string[]): string {
  return files.map((file) => basename(file)).join(' → ');
}

/** Returns the problem of a name that is empty, contains a folder or ends with `.toml`; undefined if it is valid. */
function validateNarrativeName(name: string, keyPath: Path): Problem | undefined {
  const label = quote(`narrative:${name}`);
  if (name === '') return errorAt('narrative-name', keyPath, `${label} has no name after the colon`);
  if (/[/\\\0]/.test(name) || name === '.' || name === '..') {
    const message = `${label} must be a name without a folder; nested narratives are in the same folder as this file`;
    return errorAt('narrative-name', keyPath, message);
  }
  if (!name.endsWith('.toml')) return undefined;
  return {
    ...errorAt('narrative-name', keyPath, `${label} must be written without ".toml"`),
    suggestion: `narrative:${name.slice(0, -'.toml'.length)}`,
  };
}

/**
 * Creates the problem of a nested file that can't be read. If the file does not exist, the problem suggests a similar
 * name in the folder.
 */
function createUnreadableFileProblem(file: string, { reason, message }: FileError, keyPath: Path): Problem {
  const siblings = reason === 'missing' ? listFileNames(dirname(file)) : [];
  return errorAt('narrative-not-found', keyPath, `the narrative ${quote(basename(file))} ${message}`, {
    suggestionQuery: {
      name: basename(file, '.toml'),
      candidates: siblings.filter((name) => name.endsWith('.toml')).map((name) => basename(name, '.toml')),
      format: (nearest) => `narrative:${nearest}`,
    },
  });
}

function listFileNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
