import { basename, join, resolve } from 'node:path';
import type { Problem } from '../../toml/problem.js';
import { readToml } from '../../toml/read-toml.js';
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
 * The maximum size of a narrative file, in bytes. Images in base64 make a file long, but a request accepts at most 15 MB of
 * them; a video that was named by mistake is larger.
 */
export const maxNarrativeBytes = 32_000_000;

/** A narrative file's content. */
export interface NarrativeContent {
  /** The file's name as the user gave it. */
  file: string;
  bytes: Uint8Array;
  /** The folder that its paths are relative to. */
  folder: string;
  /** Whether it was read from standard input, so that `{{stdin}}` is empty. Default false. */
  isFromStdin?: boolean;
}

/** A file and its nested narratives, parsed as far as possible synchronously. */
export interface PendingFiles {
  /** The tasks to run next, one after the other. */
  pending: readonly (() => Promise<void>)[];
  /** Returns the files, each once, the outermost first. Call it after all pending tasks. */
  finish: () => readonly ParsedNarrativeFile[];
}

/** Parses a file and its nested narratives. */
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

/** The state that is shared by all files. */
interface ParseContext {
  content: NarrativeContent;
  lintOptions: LintOptions;
  /** By path; the outermost file has the key '', which saves resolving its path. */
  files: Map<string, ParsedNarrativeFile>;
  pending: (() => Promise<void>)[];
  /** The final step of each parsed file, the innermost files first. */
  finishers: (() => void)[];
}

/**
 * Parses the content of a file, and its nested narratives.
 * @param chain the paths of the files from the outermost one to this one, without the outermost
 */
function parseNarrativeFile(
  name: string,
  bytes: Uint8Array,
  chain: readonly string[],
  context: ParseContext,
): ParsedNarrativeFile {
  const { files, pending, finishers, lintOptions, content } = context;
  const tomlResult = readToml(bytes);
  const parsedFile = createNarrativeFile(name, tomlResult.text);
  files.set(chain.at(-1) ?? '', parsedFile);
  if (!tomlResult.ok) {
    parsedFile.hasErrors = true;
    pending.push(async () => {
      parsedFile.parseDiagnostic = await tomlResult.diagnose();
    });
    return parsedFile;
  }
  const inner: InnerNarratives = {
    read(innerName, path, report) {
      const result = resolveInnerFile(innerName, path, chain, context);
      if (!result.ok) return void report(result.problem);
      addInnerFile(result.file, parsedFile);
      return result.file.narrative;
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

/** Call it after the inner file was parsed: its depth is final then. */
function addInnerFile(inner: ParsedNarrativeFile, outer: ParsedNarrativeFile): void {
  if (!outer.innerFiles.includes(inner)) outer.innerFiles.push(inner);
  outer.nestingDepth = Math.max(outer.nestingDepth, inner.nestingDepth + 1);
}

/** Finds the narrative of a name in the folder, or the problem that prevents nesting it. */
function resolveInnerFile(
  name: string,
  path: Path,
  chain: readonly string[],
  context: ParseContext,
): { ok: true; file: ParsedNarrativeFile } | { ok: false; problem: Problem } {
  const nameProblem = validateNarrativeName(name, path);
  if (nameProblem) return { ok: false, problem: nameProblem };
  const { folder, file } = context.content;
  const key = resolve(folder, `${name}.toml`);
  const fullChain = [resolve(folder, basename(file)), ...chain];
  if (fullChain.includes(key)) {
    return { ok: false, problem: createCycleProblem(fullChain.slice(fullChain.indexOf(key)), path) };
  }
  const existing = context.files.get(key);
  if (fullChain.length + (existing?.nestingDepth ?? 1) > maxNarrativeDepth)
    return { ok: false, problem: createDepthProblem([...fullChain, key], path) };
  if (existing) return { ok: true, file: existing };
  const innerFile = join(folder, `${name}.toml`);
  const content = readRegularFile(innerFile, maxNarrativeBytes);
  if (!content.ok) return { ok: false, problem: createNotFoundProblem(innerFile, content.problem, path) };
  return { ok: true, file: parseNarrativeFile(innerFile, content.bytes, [...chain, key], context) };
}
