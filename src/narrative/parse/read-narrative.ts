import { type Fault, fault, type Report, warning } from '../../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { checkContexts } from '../check/check-contexts.js';
import { checkReferences, type References, reservedNames } from '../check/check-references.js';
import { mediaNamePlaces } from '../check/media-name-places.js';
import type { Act, MediaInput, MediaTemplate, Narrative } from '../narrative.js';
import { variableNamed } from '../template.js';
import type { InnerNarratives } from './inner-narratives.js';
import { readNamedMedia } from './named-media.js';
import { type ActReading, readAct, type TextPlace } from './read-act.js';
import type { MediaPlace } from './read-media.js';
import { readSettings, type Settings } from './read-settings.js';
import { readVars } from './read-vars.js';

/** Where a file's table comes from, and what it may refer to. */
export interface NarrativeSource {
  table: TomlTable;
  /** The folder that relative paths start from. */
  folder: string;
  inner: InnerNarratives;
  /** Whether the file came from standard input. */
  isFromStdin: boolean;
}

/** What a file's table came to. The narrative is whole only if neither this nor the schema found an error. */
export interface ReadNarrative extends References {
  narrative: Narrative;
  /** Beside the schema's, all the faults that a file can have. */
  faults: Fault[];
  /** The media whose names are filled. */
  mediaPlaces: readonly MediaPlace[];
}

/** A narrative that lacks what has to wait for a disk or a library, and how the rest is read. */
export interface DraftNarrative {
  narrative: Narrative;
  /** What is done first, one after the other: a narrative with thousands of pictures must not open them all at once. */
  pending: readonly (() => Promise<void>)[];
  /** Looks into its references and says what there is to say of it. To be called when all that is pending was done. */
  judge: () => ReadNarrative;
}

/**
 * Makes a narrative of a file's table, and reads the narratives that it names. Its media and schemas are pending. Most files
 * have none, and a folder has thousands of files: that way they are read without a promise.
 */
export function draftNarrative({ table: file, folder, inner, isFromStdin }: NarrativeSource): DraftNarrative {
  const faults: Fault[] = [];
  const pending: (() => Promise<void>)[] = [];
  const mediaPlaces: MediaPlace[] = [];
  const texts: TextPlace[] = [];
  const media = new Map<string, MediaInput | MediaTemplate | undefined>();
  const report = (found: Fault) => void faults.push(found);
  const { tableName: header, defaults, templates, narrative } = readHeader(file, report);
  const reading = {
    folder,
    templates,
    report,
    defaults,
    inner,
    media,
    onTemplate: (place: MediaPlace) => void mediaPlaces.push(place),
    onText: (place: TextPlace) => void texts.push(place),
    later: (task: () => Promise<void>) => void pending.push(task),
  };
  readNamedMedia(file.media, media, reading);
  const acts = readActs(file, reading);
  const toc = isTable(file.toc) ? file.toc : {};
  narrative.acts = isTable(file.acts) ? readOrder(toc.order, acts, report) : [];
  if (typeof toc.carousel === 'number' && toc.carousel > 1) narrative.carousel = toc.carousel;
  const vars = readVars(file.vars);
  if (vars.size > 0) narrative.vars = vars;

  const judge = () => {
    const names = { acts, firstPositions: firstPositionsOf(narrative.acts), vars, isFromStdin };
    checkContexts({ header, file, names }, report);
    addSystemPlace(texts, defaults, header, narrative.acts);
    for (const place of mediaNamePlaces(mediaPlaces, acts.values())) texts.push(place);
    return { narrative, faults, mediaPlaces, ...checkReferences(templates ? texts : [], names, report) };
  };
  return { narrative, pending, judge };
}

function readActs(file: TomlTable, reading: ActReading): ReadonlyMap<string, Act> {
  const acts = new Map<string, Act>();
  if (!isTable(file.acts)) return acts;
  for (const name in file.acts) {
    if (reading.templates) warnOfReservedName(name, reading.report);
    acts.set(name, readAct(name, file.acts[name] as TomlValue, reading));
  }
  return acts;
}

function warnOfReservedName(name: string, report: Report): void {
  if (!reservedNames.includes(name) && variableNamed(name) === undefined) return;
  const message = `in texts {{${name}}} has a meaning of its own, so that this act can't be referred to`;
  report(warning('reserved-name', ['acts', name], message));
}

/** The narrative's own system text goes with the acts that have none of their own. */
function addSystemPlace(texts: TextPlace[], { system }: Settings, header: string, order: readonly Act[]): void {
  if (system === undefined) return;
  const users = order.filter((act) => act.system === system).map(({ name }) => name);
  texts.push({ text: system, path: [header, 'system'], users, sent: 'text' });
}

function firstPositionsOf(order: readonly Act[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  // From the end, so that of an act that stands there twice the first position stays.
  for (let at = order.length - 1; at >= 0; at -= 1) positions.set((order[at] as Act).name, at);
  return positions;
}

/** What the narrative's own table says. */
interface Header {
  tableName: string;
  /** Its name and description, and as yet no acts. */
  narrative: Narrative;
  /** The settings of acts that have none of their own. */
  defaults: Settings;
  /** Whether names in braces mean something. */
  templates: boolean;
}

/** Reads `[narrative]`, or `[narration]`, its older name. */
function readHeader(file: TomlTable, report: Report): Header {
  const key = file.narrative === undefined && file.narration !== undefined ? 'narration' : 'narrative';
  const table = file[key];
  if (table === undefined) report(fault('missing-table', [key], 'the file has no [narrative]'));
  if (file.narrative !== undefined && file.narration !== undefined) {
    const message = 'the file has both [narrative] and its older name [narration]';
    report(fault('conflicting-tables', ['narration'], message, { target: 'key' }));
  }
  const narrative: Narrative = { name: '', acts: [] };
  if (!isTable(table)) return { tableName: key, narrative, defaults: { parameters: {} }, templates: true };
  const { name, description, templates } = table;
  if (typeof name === 'string') narrative.name = name;
  if (typeof name === 'string' && name.trim() === '') {
    report(fault('empty-name', [key, 'name'], `the narrative's name is empty`));
  }
  if (typeof description === 'string') narrative.description = description;
  if (templates === false) narrative.templates = false;
  return { tableName: key, narrative, defaults: readSettings(table, [key], report), templates: templates !== false };
}

/** The acts in the order in which they play. */
function readOrder(order: TomlValue | undefined, acts: ReadonlyMap<string, Act>, report: Report): Act[] {
  if (!Array.isArray(order)) return [];
  if (order.length === 0) {
    report(fault('empty-order', ['toc', 'order'], '"order" in [toc] is empty: no act would play'));
    return [];
  }
  const named = new Set(order);
  for (const name of acts.keys()) {
    if (!named.has(name))
      report(warning('unused-act', ['acts', name], `the order never names the act ${quoted(name)}`));
  }
  const played: Act[] = [];
  order.forEach((name, at) => {
    if (typeof name !== 'string') return;
    const act = acts.get(name);
    if (act) played.push(act);
    else report(unknownAct(name, at, acts));
  });
  return played;
}

function unknownAct(name: string, at: number, acts: ReadonlyMap<string, Act>): Fault {
  const message = `the order names the act ${quoted(name)}, which does not exist`;
  return fault('unknown-act', ['toc', 'order', at], message, { misnamed: { name, known: acts.keys() } });
}
