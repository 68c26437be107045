import { basename, join, resolve } from 'node:path';
import type { Diagnostic } from '../toml/diagnostic.js';
import { type Fault, fault } from '../toml/fault.js';
import { readToml } from '../toml/read-toml.js';
import { readRegularFile } from '../toml/regular-file.js';
import type { Schema } from '../toml/schema-walk.js';
import type { Path, TomlTable } from '../toml/toml.js';
import type { OpenVariable } from './check-references.js';
import { narrativeShapeFaults } from './check-shape.js';
import {
  circleFault,
  depthFault,
  type InnerNarratives,
  missingFault,
  mostNarrativesDeep,
  nameFault,
} from './inner-narratives.js';
import { composedNarrative, type Narrative } from './narrative.js';
import type { MediaPlace } from './read-media.js';
import { narrativeOf, type ReadNarrative } from './read-narrative.js';

/**
 * The longest narrative, in bytes. With pictures in base64 it may be long, but no request takes more than 15 MB of them;
 * a film that was named by mistake is longer.
 */
export const mostBytes = 32_000_000;

/** Beyond what anyone plays, and reached soon by a carousel of narratives with carousels. */
const mostPlays = 100_000;

/** A file that was read, alone or because another one plays it. */
export interface ReadFile {
  /** Its name, relative to what the person gave. */
  file: string;
  text: string;
  /** Absent where the text is no TOML. */
  narrative?: Narrative;
  /** Why the text is no TOML. */
  unreadable?: Diagnostic;
  faults: Fault[];
  /** Whether there is an error in it, or in what it plays. */
  isFaulty: boolean;
  /** The narratives that its acts play. */
  played: ReadonlySet<ReadFile>;
  /** Its media whose names are filled. */
  mediaPlaces: readonly MediaPlace[];
  /** What its texts use and it does not define: faults, unless who plays it does. */
  undefinedVariables: readonly OpenVariable[];
  /** The same of all that it plays too, as far as it does not define them either. */
  open: Set<OpenVariable>;
  /** The variables that it, or what it plays, defines or uses. */
  variables: Set<string>;
  /** How many narratives stand within each other here, itself counted. */
  height: number;
  /** How many acts play in it, those of the narratives in it too. */
  plays: number;
}

/** What else is said of files, and by what they are judged. */
export interface Advising {
  /**
   * Tells of a file without fault what is likely to be a mistake all the same: `adviceOn`. It is given the variables that
   * the file's texts and the narratives in it use. Default: nobody does.
   */
  advice?: (file: TomlTable, usedVariables: ReadonlySet<string>) => readonly Fault[];
  /** Another form of the narrative file's schema: the fast one, where many files are read. */
  schema?: Schema;
}

/** What is to be read. */
export interface CompositionSource extends Advising {
  file: string;
  bytes: Uint8Array;
  /** The folder that relative paths start from. */
  folder: string;
  isFromStdin: boolean;
}

/** Reads a file and every narrative that is played in it, each once. The first of them is the file itself. */
export async function readComposition({
  file,
  bytes,
  folder,
  isFromStdin,
  ...advising
}: CompositionSource): Promise<ReadFile[]> {
  const files = new Map<string, ReadFile>();

  const readFile = async (name: string, content: Uint8Array, chain: readonly string[]): Promise<ReadFile> => {
    const { text, ...toml } = await readToml(content);
    const read: ReadFile = { file: name, text, faults: [], ...nothingYet() };
    files.set(chain.at(-1) ?? name, read);
    if ('fault' in toml) return Object.assign(read, { unreadable: toml.fault, isFaulty: true });

    const played = new Set<ReadFile>();
    const inner: InnerNarratives = {
      async read(innerName, path, report) {
        const found = await findInner(innerName, path, chain);
        if ('rule' in found) report(found);
        else played.add(found);
        return 'rule' in found ? undefined : found.narrative;
      },
    };
    const own = await narrativeOf({ table: toml.table, folder, inner, isFromStdin });
    return finished(read, { own, table: toml.table, played }, advising);
  };

  const findInner = async (name: string, path: Path, chain: readonly string[]): Promise<ReadFile | Fault> => {
    const misnamed = nameFault(name, path);
    if (misnamed) return misnamed;
    const key = resolve(folder, `${name}.toml`);
    if (chain.includes(key)) return circleFault(chain.slice(chain.indexOf(key)), path);
    const known = files.get(key);
    if (chain.length + (known?.height ?? 1) > mostNarrativesDeep) return depthFault([...chain, key], path);
    if (known) return known;
    const innerFile = join(folder, `${name}.toml`);
    const content = await readRegularFile(innerFile, mostBytes);
    if ('problem' in content) return missingFault(innerFile, content.problem, path);
    return readFile(innerFile, content.bytes, [...chain, key]);
  };

  await readFile(file, bytes, [resolve(folder, basename(file))]);
  return [...files.values()];
}

function nothingYet() {
  return {
    ...{ undefinedVariables: [], open: new Set<OpenVariable>(), variables: new Set<string>(), height: 1, plays: 0 },
    ...{ isFaulty: false, played: new Set<ReadFile>(), mediaPlaces: [] },
  };
}

/** What a file's table came to, and what its acts play. */
interface Finishing {
  own: ReadNarrative;
  table: TomlTable;
  played: ReadonlySet<ReadFile>;
}

/** What is known of a file once all that it plays has been read. Advice is given where there is no error. */
function finished(read: ReadFile, { own, table, played }: Finishing, { advice, schema }: Advising): ReadFile {
  const { narrative, open, mediaPlaces } = own;
  const inner = [...played];
  const faults = [...own.faults, ...narrativeShapeFaults(table, schema)];
  const plays = playsOf(narrative, new Map(inner.map((each) => [each.narrative, each.plays])));
  // Told of the innermost file that has too many, for those that play it have even more.
  if (plays > mostPlays && inner.every((each) => each.plays <= mostPlays)) faults.push(tooMany(narrative, plays));
  const isOpen = ({ name }: OpenVariable) => !narrative.vars?.has(name);
  const used = new Set([...own.used, ...inner.flatMap((each) => [...each.variables])]);
  const isFaulty = faults.some(({ severity }) => severity === 'error') || inner.some((each) => each.isFaulty);
  if (advice && !isFaulty) faults.push(...advice(table, used));
  return Object.assign(read, {
    ...{ narrative, faults, isFaulty, played, mediaPlaces, plays, undefinedVariables: open },
    open: new Set([...open, ...inner.flatMap((each) => [...each.open]).filter(isOpen)]),
    variables: new Set([...(narrative.vars?.keys() ?? []), ...used]),
    height: 1 + Math.max(0, ...inner.map(({ height }) => height)),
  });
}

function playsOf({ acts, carousel = 1 }: Narrative, playsIn: ReadonlyMap<Narrative | undefined, number>): number {
  let plays = 0;
  for (const act of acts) {
    if (!composedNarrative(act)) plays += 1;
    for (const input of act.inputs) if (input.type === 'narrative') plays += playsIn.get(input.narrative) ?? 0;
  }
  return plays * carousel;
}

function tooMany({ carousel }: Narrative, plays: number): Fault {
  const path = ['toc', carousel === undefined ? 'order' : 'carousel'];
  return fault('too-many-acts', path, `${plays} acts would play; ${mostPlays} are the most`);
}
