import { type Fault, fault, warning } from '../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../toml/toml.js';
import { checkContexts } from './check-contexts.js';
import { checkReferences, type OpenVariable, reservedNames } from './check-references.js';
import type { InnerNarratives } from './inner-narratives.js';
import { mediaNamePlaces } from './media-name-places.js';
import { readNamedMedia } from './named-media.js';
import type { Act, Narrative } from './narrative.js';
import { readAct, type TextPlace } from './read-act.js';
import type { MediaPlace } from './read-media.js';
import { readSettings, type Settings } from './read-settings.js';
import { readVars } from './read-vars.js';
import { variableNamed } from './template.js';

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
export interface ReadNarrative {
  narrative: Narrative;
  /** Beside the schema's, all the faults that a file can have. */
  faults: Fault[];
  /** The variables that its texts use and its `[vars]` has not. */
  open: OpenVariable[];
  /** The variables that its texts use. */
  used: ReadonlySet<string>;
  /** The media whose names are filled. */
  mediaPlaces: readonly MediaPlace[];
}

/** Makes a narrative of a file's table, and reads the media and the narratives that it names. */
export async function narrativeOf({
  table: file,
  folder,
  inner,
  isFromStdin,
}: NarrativeSource): Promise<ReadNarrative> {
  const faults: Fault[] = [];
  const report = (found: Fault) => void faults.push(found);
  const { header, defaults, templates, ...named } = readHeader(file, report);
  const mediaPlaces: MediaPlace[] = [];
  const onTemplate = (place: MediaPlace) => void mediaPlaces.push(place);
  const reading = { folder, templates, report, onTemplate };
  const media = await readNamedMedia({ media: file.media, ...reading });
  const places: TextPlace[] = [];
  const onText = (place: TextPlace) => void places.push(place);
  const acts = new Map<string, Act>();
  const readingActs = { defaults, media, inner, onText, ...reading };
  for (const [actName, value] of Object.entries(isTable(file.acts) ? file.acts : {})) {
    if (templates) warnOfReservedName(actName, report);
    acts.set(actName, await readAct(actName, value, readingActs));
  }
  const toc = isTable(file.toc) ? file.toc : {};
  const order = isTable(file.acts) ? readOrder(toc.order, acts, report) : [];

  const vars = readVars(file.vars);
  const names = { acts: new Set(acts.keys()), firstPositions: firstPositionsOf(order), vars, isFromStdin };
  checkContexts({ header, file, names }, report);
  const texts = [...places, ...systemPlaces(defaults, header, order), ...mediaNamePlaces(mediaPlaces, acts.values())];
  const { open, variables } = checkReferences(templates ? texts : [], names, report);
  const { carousel } = toc;
  const narrative: Narrative = {
    ...named,
    acts: order,
    ...(typeof carousel === 'number' && carousel > 1 && { carousel }),
    ...(vars.size > 0 && { vars }),
    ...(!templates && { templates }),
  };
  return { narrative, faults, open, used: variables, mediaPlaces };
}

function warnOfReservedName(name: string, report: (fault: Fault) => void): void {
  if (!reservedNames.includes(name) && variableNamed(name) === undefined) return;
  const message = `in texts {{${name}}} has a meaning of its own, so that this act can't be referred to`;
  report(warning('reserved-name', ['acts', name], message));
}

/** The narrative's own system text goes with the acts that have none of their own. */
function systemPlaces({ system }: Settings, header: string, order: readonly Act[]): TextPlace[] {
  if (system === undefined) return [];
  const users = order.filter((act) => act.system === system).map(({ name }) => name);
  return [{ text: system, path: [header, 'system'], users, sent: 'text' }];
}

function firstPositionsOf(order: readonly Act[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const [at, { name }] of order.entries()) if (!positions.has(name)) positions.set(name, at);
  return positions;
}

/** Reads `[narrative]`, or `[narration]`, its older name. */
function readHeader(file: TomlTable, report: (fault: Fault) => void) {
  const key = file.narrative === undefined && file.narration !== undefined ? 'narration' : 'narrative';
  const table = file[key];
  if (table === undefined) report(fault('missing-table', [key], 'the file has no [narrative]'));
  if (file.narrative !== undefined && file.narration !== undefined) {
    const message = 'the file has both [narrative] and its older name [narration]';
    report(fault('conflicting-tables', ['narration'], message, { target: 'key' }));
  }
  if (!isTable(table)) return { header: key, name: '', defaults: { parameters: {} }, templates: true };
  const { name, description, templates } = table;
  if (typeof name === 'string' && name.trim() === '') {
    report(fault('empty-name', [key, 'name'], `the narrative's name is empty`));
  }
  return {
    header: key,
    name: typeof name === 'string' ? name : '',
    ...(typeof description === 'string' && { description }),
    defaults: readSettings(table, [key], report),
    templates: templates !== false,
  };
}

/** The acts in the order in which they play. */
function readOrder(
  order: TomlValue | undefined,
  acts: ReadonlyMap<string, Act>,
  report: (fault: Fault) => void,
): Act[] {
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
  for (const [at, name] of order.entries()) {
    if (typeof name !== 'string') continue;
    const act = acts.get(name);
    if (act) played.push(act);
    else report(unknownAct(name, at, acts));
  }
  return played;
}

function unknownAct(name: string, at: number, acts: ReadonlyMap<string, Act>): Fault {
  const message = `the order names the act ${quoted(name)}, which does not exist`;
  return fault('unknown-act', ['toc', 'order', at], message, { misnamed: { name, known: acts.keys() } });
}
