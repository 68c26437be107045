import { basename, join, resolve } from 'node:path';
import type { Problem } from '../../toml/problem.js';
import { parseTomlFile } from '../../toml/read-toml.js';
import type { Path } from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import {
  createCycleProblem,
  createDepthProblem,
  createNotFoundProblem,
  type InnerNarratives,
  maxNarrativeDepth,
  validateNarrativeName,
} from './inner-narratives.js';
import {
  completeFile,
  createNarrativeFile,
  type LintOptions,
  type ParsedNarrativeFile,
} from './parsed-narrative-file.js';
import { readNarrativeTable } from './read-narrative.js';

/**
 * The longest narrative, in bytes. With pictures in base64 it may be long, but no request takes more than 15 MB of them;
 * a film that was named by mistake is longer.
 */
export const maxNarrativeBytes = 32_000_000;

/** A narrative file's content. */
export interface NarrativeContent {
  /** The file's name as the person gave it. */
  file: string;
  bytes: Uint8Array;
  /** The folder that the paths in it are relative to. */
  folder: string;
  /** Whether it was read from standard input, so that `{{stdin}}` has nothing left to stand for. Default false. */
  isFromStdin?: boolean;
}

/** A file and every narrative that is played in it, read as far as that goes without waiting. */
export interface PendingFiles {
  /** What is done next, one after the other. */
  pending: readonly (() => Promise<void>)[];
  /** The files, each once. The first of them is the file itself. To be called when all that is pending was done. */
  finish: () => readonly ParsedNarrativeFile[];
}

/** Reads a file and every narrative that is played in it. */
export function parseNarrativeFiles(content: NarrativeContent, lintOptions: LintOptions): PendingFiles {
  const context: ParseContext = { content, lintOptions, files: new Map(), pending: [], finishers: [] };
  parseNarrativeFile(content.file, content.bytes, [], context);
  return {
    pending: context.pending,
    finish() {
      for (const finishFile of context.finishers) finishFile();
      return [...context.files.values()];
    },
  };
}

/** What the files that are read have in common. */
interface ParseContext {
  content: NarrativeContent;
  lintOptions: LintOptions;
  /** By their paths; the file itself is kept under '', and costs no look-up of its path. */
  files: Map<string, ParsedNarrativeFile>;
  pending: (() => Promise<void>)[];
  /** Of each file that could be parsed, what is left to do, the innermost files first. */
  finishers: (() => void)[];
}

/**
 * Reads the content of a file, and every narrative that is played in it.
 * @param chain the paths of the files from the root to this one, the root left out
 */
function parseNarrativeFile(
  name: string,
  bytes: Uint8Array,
  chain: readonly string[],
  context: ParseContext,
): ParsedNarrativeFile {
  const { files, pending, finishers, lintOptions, content } = context;
  const tomlResult = parseTomlFile(bytes);
  const parsedFile = createNarrativeFile(name, tomlResult.text);
  files.set(chain.at(-1) ?? '', parsedFile);
  if ('diagnose' in tomlResult) {
    parsedFile.hasErrors = true;
    pending.push(async () => {
      parsedFile.parseDiagnostic = await tomlResult.diagnose();
    });
    return parsedFile;
  }
  const inner: InnerNarratives = {
    read(innerName, path, report) {
      const result = resolveInnerFile(innerName, path, chain, context);
      if ('rule' in result) report(result);
      else addInnerFile(result, parsedFile);
      return 'rule' in result ? undefined : result.narrative;
    },
  };
  const { table } = tomlResult;
  const { folder, isFromStdin = false } = content;
  const pendingNarrative = readNarrativeTable({ table, folder, inner, isFromStdin });
  parsedFile.narrative = pendingNarrative.narrative;
  for (const task of pendingNarrative.pending) pending.push(task);
  finishers.push(() => completeFile(parsedFile, pendingNarrative.finish(), table, lintOptions));
  return parsedFile;
}

/** The inner one has been read: its own height will not change any more. */
function addInnerFile(inner: ParsedNarrativeFile, outer: ParsedNarrativeFile): void {
  if (!outer.innerFiles.includes(inner)) outer.innerFiles.push(inner);
  outer.nestingDepth = Math.max(outer.nestingDepth, inner.nestingDepth + 1);
}

/** Finds the narrative of that name beside the file, or says why there is none that could be played. */
function resolveInnerFile(
  name: string,
  path: Path,
  chain: readonly string[],
  context: ParseContext,
): ParsedNarrativeFile | Problem {
  const nameProblem = validateNarrativeName(name, path);
  if (nameProblem) return nameProblem;
  const { folder, file } = context.content;
  const key = resolve(folder, `${name}.toml`);
  const fullChain = [resolve(folder, basename(file)), ...chain];
  if (fullChain.includes(key)) return createCycleProblem(fullChain.slice(fullChain.indexOf(key)), path);
  const existing = context.files.get(key);
  if (fullChain.length + (existing?.nestingDepth ?? 1) > maxNarrativeDepth)
    return createDepthProblem([...fullChain, key], path);
  if (existing) return existing;
  const innerFile = join(folder, `${name}.toml`);
  const content = readRegularFile(innerFile, maxNarrativeBytes);
  if ('problem' in content) return createNotFoundProblem(innerFile, content.problem, path);
  return parseNarrativeFile(innerFile, content.bytes, [...chain, key], context);
}
