import { basename, join, resolve } from 'node:path';
import type { Fault } from '../../toml/fault.js';
import { parseFile } from '../../toml/read-toml.js';
import type { Path } from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { type Advising, type ComposedFile, complete, fileWith } from './composed-file.js';
import {
  circleFault,
  depthFault,
  type InnerNarratives,
  missingFault,
  mostNarrativesDeep,
  nameFault,
} from './inner-narratives.js';
import { draftNarrative } from './read-narrative.js';

/**
 * The longest narrative, in bytes. With pictures in base64 it may be long, but no request takes more than 15 MB of them;
 * a film that was named by mistake is longer.
 */
export const mostBytes = 32_000_000;

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
export interface DraftComposition {
  /** What is done next, one after the other. */
  pending: readonly (() => Promise<void>)[];
  /** The files, each once. The first of them is the file itself. To be called when all that is pending was done. */
  finish: () => readonly ComposedFile[];
}

/** Reads a file and every narrative that is played in it. */
export function draftComposition(content: NarrativeContent, advising: Advising): DraftComposition {
  const composing: Composing = { content, advising, files: new Map(), pending: [], unfinished: [] };
  draftFile(content.file, content.bytes, [], composing);
  return {
    pending: composing.pending,
    finish() {
      for (const finishOne of composing.unfinished) finishOne();
      return [...composing.files.values()];
    },
  };
}

/** What the files that are read have in common. */
interface Composing {
  content: NarrativeContent;
  advising: Advising;
  /** By their paths; the file itself is kept under '', and costs no look-up of its path. */
  files: Map<string, ComposedFile>;
  pending: (() => Promise<void>)[];
  /** Of each file that could be parsed, what is left to do, the innermost files first. */
  unfinished: (() => void)[];
}

/**
 * Reads the content of a file, and every narrative that is played in it.
 * @param chain the paths of the files from the root to this one, the root left out
 */
function draftFile(name: string, bytes: Uint8Array, chain: readonly string[], composing: Composing): ComposedFile {
  const { files, pending, unfinished, advising, content } = composing;
  const parsed = parseFile(bytes);
  const read = fileWith(name, parsed.text);
  files.set(chain.at(-1) ?? '', read);
  if ('findFault' in parsed) {
    read.isFaulty = true;
    pending.push(async () => {
      read.unreadable = await parsed.findFault();
    });
    return read;
  }
  const inner: InnerNarratives = {
    read(innerName, path, report) {
      const found = findInner(innerName, path, chain, composing);
      if ('rule' in found) report(found);
      else notePlayed(found, read);
      return 'rule' in found ? undefined : found.narrative;
    },
  };
  const { table } = parsed;
  const { folder, isFromStdin = false } = content;
  const draft = draftNarrative({ table, folder, inner, isFromStdin });
  read.narrative = draft.narrative;
  for (const task of draft.pending) pending.push(task);
  unfinished.push(() => complete(read, draft.judge(), table, advising));
  return read;
}

/** The inner one has been read: its own height will not change any more. */
function notePlayed(inner: ComposedFile, outer: ComposedFile): void {
  if (!outer.played.includes(inner)) outer.played.push(inner);
  outer.height = Math.max(outer.height, inner.height + 1);
}

/** Finds the narrative of that name beside the file, or says why there is none that could be played. */
function findInner(name: string, path: Path, chain: readonly string[], composing: Composing): ComposedFile | Fault {
  const misnamed = nameFault(name, path);
  if (misnamed) return misnamed;
  const { folder, file } = composing.content;
  const key = resolve(folder, `${name}.toml`);
  const whole = [resolve(folder, basename(file)), ...chain];
  if (whole.includes(key)) return circleFault(whole.slice(whole.indexOf(key)), path);
  const known = composing.files.get(key);
  if (whole.length + (known?.height ?? 1) > mostNarrativesDeep) return depthFault([...whole, key], path);
  if (known) return known;
  const innerFile = join(folder, `${name}.toml`);
  const content = readRegularFile(innerFile, mostBytes);
  if ('problem' in content) return missingFault(innerFile, content.problem, path);
  return draftFile(innerFile, content.bytes, [...chain, key], composing);
}
