import { errorAt, type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { isTable, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { checkContexts } from '../check/check-contexts.js';
import { checkReferences, type References, reservedNames } from '../check/check-references.js';
import type { Act, MediaInput, MediaTemplate, Narrative } from '../narrative.js';
import { getVariableName } from '../template.js';
import type { InnerNarratives } from './inner-narratives.js';
import { createMediaNameTexts } from './media-template.js';
import { readNamedMedia } from './named-media.js';
import { type ActReadOptions, readAct, type TemplateText } from './read-act.js';
import { type ActSettings, readActSettings } from './read-act-settings.js';
import type { MediaTemplateEntry } from './read-media.js';

/** The table of a file, and what it may refer to. */
export interface NarrativeSource {
  table: TomlTable;
  /** The folder that paths are relative to. */
  folder: string;
  inner: InnerNarratives;
  /** Whether the file was read from standard input. */
  isFromStdin: boolean;
}

/** The result of reading a table. The narrative is complete only if neither this nor the schema check found an error. */
export interface ParsedNarrative extends References {
  narrative: Narrative;
  /** All problems except those of the schema check. */
  problems: Problem[];
  /** The media with placeholders in the name. */
  mediaTemplates: readonly MediaTemplateEntry[];
}

/** A narrative without the parts that wait for a disk or a library, and how to complete it. */
export interface PendingNarrative {
  narrative: Narrative;
  /** Tasks to run one after the other: a narrative with thousands of images must not open them all at once. */
  pending: readonly (() => Promise<void>)[];
  /** Checks the references and returns the result. Call it after all pending tasks. */
  finish: () => ParsedNarrative;
}

/**
 * Reads a narrative from the table of a file, and its nested narratives. Media and schemas are pending tasks: most files have
 * none and are read without a promise, which matters in a folder of thousands of files.
 */
export function readNarrativeTable({ table: file, folder, inner, isFromStdin }: NarrativeSource): PendingNarrative {
  const problems: Problem[] = [];
  const pending: (() => Promise<void>)[] = [];
  const mediaTemplates: MediaTemplateEntry[] = [];
  const texts: TemplateText[] = [];
  const media = new Map<string, MediaInput | MediaTemplate | undefined>();
  const report = (problem: Problem) => void problems.push(problem);
  const { tableName, defaults, templates, narrative } = readHeader(file, report);
  const options = {
    folder,
    templates,
    report,
    defaults,
    inner,
    media,
    onTemplate: (entry: MediaTemplateEntry) => void mediaTemplates.push(entry),
    onText: (templateText: TemplateText) => void texts.push(templateText),
    defer: (task: () => Promise<void>) => void pending.push(task),
  };
  readNamedMedia(file.media, media, options);
  const acts = readActs(file, options);
  const toc = isTable(file.toc) ? file.toc : {};
  narrative.acts = isTable(file.acts) ? readOrder(toc.order, acts, report) : [];
  if (typeof toc.carousel === 'number' && toc.carousel > 1) narrative.carousel = toc.carousel;
  const vars = readVars(file.vars);
  if (vars.size > 0) narrative.vars = vars;

  const finish = () => {
    const scope = { acts, firstPositions: findFirstPositions(narrative.acts), vars, isFromStdin };
    checkContexts({ tableName, file, scope }, report);
    addSystemText(texts, defaults, tableName, narrative.acts);
    for (const templateText of createMediaNameTexts(mediaTemplates, acts.values())) texts.push(templateText);
    return { narrative, problems, mediaTemplates, ...checkReferences(templates ? texts : [], scope, report) };
  };
  return { narrative, pending, finish };
}

function readActs(file: TomlTable, options: ActReadOptions): ReadonlyMap<string, Act> {
  const acts = new Map<string, Act>();
  if (!isTable(file.acts)) return acts;
  for (const name in file.acts) {
    if (options.templates) warnReservedName(name, options.report);
    acts.set(name, readAct(name, file.acts[name] as TomlValue, options));
  }
  return acts;
}

function warnReservedName(name: string, report: ReportProblem): void {
  if (!reservedNames.includes(name) && getVariableName(name) === undefined) return;
  const message = `{{${name}}} has a built-in meaning, so texts can't refer to this act`;
  report(warningAt('reserved-name', ['acts', name], message));
}

/** Adds the system text of the narrative, which is sent with the acts that have no own one. */
function addSystemText(texts: TemplateText[], { system }: ActSettings, tableName: string, order: readonly Act[]): void {
  if (system === undefined) return;
  const actNames = order.filter((act) => act.system === system).map(({ name }) => name);
  texts.push({ text: system, path: [tableName, 'system'], actNames, sentAs: 'text' });
}

function findFirstPositions(order: readonly Act[]): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  // Backwards, so that the first position of a repeated act wins.
  for (let index = order.length - 1; index >= 0; index -= 1) positions.set((order[index] as Act).name, index);
  return positions;
}

/** The content of the narrative's own table. */
interface Header {
  tableName: string;
  /** Has a name and a description, and no acts yet. */
  narrative: Narrative;
  /** The settings that an act can override. */
  defaults: ActSettings;
  /** Whether placeholders are filled. */
  templates: boolean;
}

/** Reads `[narrative]`, or `[narration]`, its older name. */
function readHeader(file: TomlTable, report: ReportProblem): Header {
  const key = file.narrative === undefined && file.narration !== undefined ? 'narration' : 'narrative';
  const table = file[key];
  if (table === undefined) report(errorAt('missing-table', [key], 'the file has no [narrative]'));
  if (file.narrative !== undefined && file.narration !== undefined) {
    const message = 'the file has both [narrative] and its older name [narration]';
    report(errorAt('conflicting-tables', ['narration'], message, { target: 'key' }));
  }
  const narrative: Narrative = { name: '', acts: [] };
  if (!isTable(table)) return { tableName: key, narrative, defaults: { parameters: {} }, templates: true };
  const { name, description, templates } = table;
  if (typeof name === 'string') narrative.name = name;
  if (typeof name === 'string' && name.trim() === '') {
    report(errorAt('empty-name', [key, 'name'], `the narrative's name is empty`));
  }
  if (typeof description === 'string') narrative.description = description;
  if (templates === false) narrative.templates = false;
  return { tableName: key, narrative, defaults: readActSettings(table, [key], report), templates: templates !== false };
}

/** Returns the acts in the order in which they run. */
function readOrder(order: TomlValue | undefined, acts: ReadonlyMap<string, Act>, report: ReportProblem): Act[] {
  if (!Array.isArray(order)) return [];
  if (order.length === 0) {
    report(errorAt('empty-order', ['toc', 'order'], '"order" in [toc] is empty; list at least one act'));
    return [];
  }
  const orderedNames = new Set(order);
  for (const name of acts.keys()) {
    if (!orderedNames.has(name))
      report(warningAt('unused-act', ['acts', name], `the act ${quote(name)} is not in the order`));
  }
  const orderedActs: Act[] = [];
  order.forEach((name, index) => {
    if (typeof name !== 'string') return;
    const act = acts.get(name);
    if (act) orderedActs.push(act);
    else report(createUnknownActProblem(name, index, acts));
  });
  return orderedActs;
}

function createUnknownActProblem(name: string, index: number, acts: ReadonlyMap<string, Act>): Problem {
  const message = `the order names the act ${quote(name)}, which does not exist`;
  return errorAt('unknown-act', ['toc', 'order', index], message, { suggest: { name, candidates: acts.keys() } });
}

/** Reads `[vars]`, with numbers and booleans as text. The schema check reports values of other types. */
function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (!isTable(vars)) return values;
  for (const name in vars) values.set(name, typeof vars[name] === 'object' ? '' : String(vars[name]));
  return values;
}
