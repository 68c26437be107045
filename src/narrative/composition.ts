import { basename, join, resolve } from 'node:path';
import type { Fault } from '../toml/fault.js';
import { readToml } from '../toml/read-toml.js';
import { readRegularFile } from '../toml/regular-file.js';
import type { Path } from '../toml/toml.js';
import { type Advising, type ComposedFile, fileWith, finished } from './composed-file.js';
import {
  circleFault,
  depthFault,
  type InnerNarratives,
  missingFault,
  mostNarrativesDeep,
  nameFault,
} from './inner-narratives.js';
import { narrativeOf } from './read-narrative.js';

/**
 * The longest narrative, in bytes. With pictures in base64 it may be long, but no request takes more than 15 MB of them;
 * a film that was named by mistake is longer.
 */
export const mostBytes = 32_000_000;

/** What is to be read. */
export interface CompositionSource extends Advising {
  file: string;
  bytes: Uint8Array;
  /** The folder that relative paths start from. */
  folder: string;
  isFromStdin?: boolean;
}

/** Reads a file and every narrative that is played in it, each once. The first of them is the file itself. */
export async function readComposition(source: CompositionSource): Promise<ComposedFile[]> {
  const { file, bytes, folder, isFromStdin = false } = source;
  const files = new Map<string, ComposedFile>();

  /** @param chain the files from the root to itself, the root left out: that is kept under '' and costs no look-up of its path */
  const readFile = async (name: string, content: Uint8Array, chain: readonly string[]): Promise<ComposedFile> => {
    const toml = await readToml(content);
    const read = fileWith(name, toml.text);
    files.set(chain.at(-1) ?? '', read);
    if ('fault' in toml) return Object.assign(read, { unreadable: toml.fault, isFaulty: true });

    const played = new Set<ComposedFile>();
    const inner: InnerNarratives = {
      async read(innerName, path, report) {
        const found = await findInner(innerName, path, chain);
        if ('rule' in found) report(found);
        else played.add(found);
        return 'rule' in found ? undefined : found.narrative;
      },
    };
    const own = await narrativeOf({ table: toml.table, folder, inner, isFromStdin });
    return finished(read, { own, table: toml.table, played }, source);
  };

  const findInner = async (name: string, path: Path, chain: readonly string[]): Promise<ComposedFile | Fault> => {
    const misnamed = nameFault(name, path);
    if (misnamed) return misnamed;
    const key = resolve(folder, `${name}.toml`);
    const whole = [resolve(folder, basename(file)), ...chain];
    if (whole.includes(key)) return circleFault(whole.slice(whole.indexOf(key)), path);
    const known = files.get(key);
    if (whole.length + (known?.height ?? 1) > mostNarrativesDeep) return depthFault([...whole, key], path);
    if (known) return known;
    const innerFile = join(folder, `${name}.toml`);
    const content = readRegularFile(innerFile, mostBytes);
    if ('problem' in content) return missingFault(innerFile, content.problem, path);
    return readFile(innerFile, content.bytes, [...chain, key]);
  };

  await readFile(file, bytes, []);
  return [...files.values()];
}
