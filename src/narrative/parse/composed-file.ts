import type { Diagnostic } from '../../toml/diagnostic.js';
import { type Fault, fault } from '../../toml/fault.js';
import type { TomlTable } from '../../toml/toml.js';
import type { OpenVariable } from '../check/check-references.js';
import { narrativeShapeFaults } from '../check/check-shape.js';
import { type Act, composedNarrative, type Narrative } from '../narrative.js';
import type { MediaPlace } from './read-media.js';
import type { ReadNarrative } from './read-narrative.js';

/** Beyond what anyone plays, and reached soon by a carousel of narratives with carousels. */
const mostPlays = 100_000;

/** A file that was read, alone or because another one plays it. */
export interface ComposedFile {
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
  /** The narratives that its acts play, each once. */
  played: ComposedFile[];
  /** Its media whose names are filled. */
  mediaPlaces: readonly MediaPlace[];
  /** What its texts use and it does not define: faults, unless who plays it does. */
  undefinedVariables: readonly OpenVariable[];
  /** The same of all that it plays too, as far as it does not define them either. */
  open: ReadonlySet<OpenVariable>;
  /** The variables that it, or what it plays, defines or uses. */
  variables: ReadonlySet<string>;
  /** How many narratives stand within each other here, itself counted. */
  height: number;
  /** How many acts play in it, those of the narratives in it too. */
  plays: number;
}

/** What else is said of files, and by what they are judged. */
export interface Advising {
  /**
   * Tells of a file without fault what is likely to be a mistake all the same: `adviceOn`. Default: nobody does.
   */
  advice?: (file: TomlTable, advised: Advised) => readonly Fault[];
}

/** What is known of a file that advice is to be given on. */
export interface Advised {
  /** The acts in the order in which they play, as they were read. */
  played: readonly Act[];
  /** The variables that the file's texts, or the narratives in it, use. */
  usedVariables: ReadonlySet<string>;
  /** The names in braces of what each act sends, variables left out. */
  namesUsedBy: ReadonlyMap<string, readonly string[]>;
}

/** A file of which nothing but its text is known yet. */
export function fileWith(file: string, text: string): ComposedFile {
  return {
    file,
    text,
    faults: [],
    isFaulty: false,
    played: [],
    mediaPlaces: [],
    undefinedVariables: [],
    open: none,
    variables: none,
    height: 1,
    plays: 0,
  };
}

const none: ReadonlySet<never> = new Set();

/** Adds what is known of a file once all that it plays has been read. Advice is given where there is no error. */
export function complete(read: ComposedFile, own: ReadNarrative, table: TomlTable, { advice }: Advising): void {
  const { narrative, faults, used, mediaPlaces, open } = own;
  const inner = read.played;
  for (const fault of narrativeShapeFaults(table)) faults.push(fault);
  const plays = playsOf(narrative, inner);
  // Told of the innermost file that has too many, for those that play it have even more.
  if (plays > mostPlays && inner.every((each) => each.plays <= mostPlays)) faults.push(tooMany(narrative, plays));
  const usedWithin = inner.length === 0 ? used : union([used, ...inner.map(({ variables }) => variables)]);
  read.isFaulty = faults.some(({ severity }) => severity === 'error') || inner.some((each) => each.isFaulty);
  if (advice && !read.isFaulty) {
    const advised = { played: narrative.acts, usedVariables: usedWithin, namesUsedBy: own.namesUsedBy };
    for (const each of advice(table, advised)) faults.push(each);
  }
  read.faults = faults;
  read.mediaPlaces = mediaPlaces;
  read.plays = plays;
  read.undefinedVariables = open;
  read.open = openIn(own, inner);
  read.variables = narrative.vars ? union([usedWithin, narrative.vars.keys()]) : usedWithin;
}

/** What neither the file nor what it plays defines. */
function openIn({ open, narrative }: ReadNarrative, inner: readonly ComposedFile[]): ReadonlySet<OpenVariable> {
  if (open.length + inner.length === 0) return none;
  const found = new Set(open);
  for (const each of inner) for (const one of each.open) if (!narrative.vars?.has(one.name)) found.add(one);
  return found;
}

function union(sets: readonly Iterable<string>[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const each of sets) for (const name of each) all.add(name);
  return all;
}

function playsOf({ acts, carousel = 1 }: Narrative, inner: readonly ComposedFile[]): number {
  if (inner.length === 0) return acts.length * carousel;
  const playsIn = new Map(inner.map((each) => [each.narrative, each.plays]));
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
