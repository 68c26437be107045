import { listKeysInFileOrder } from '../../toml/parse-toml.js';
import { errorAt, type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { checkContexts, checkReferences, type References, reservedNames } from '../check/check-references.js';
import type { Act, MediaInput, MediaTemplate, Narrative } from '../narrative.js';
import { narrativeTableAliases } from '../schema/file-schema.js';
import { getVariableName, isRowName } from '../template.js';
import { readNamedMedia } from './named-media.js';
import { type ActReadOptions, readAct, type TemplateText } from './read-act.js';
import { type ActSettings, readActSettings } from './read-act-settings.js';
import type { LocatedMediaTemplate } from './read-media.js';

/** The table of a file, and what is needed to read the files that it refers to. */
interface NarrativeSource extends Pick<ActReadOptions, 'folder' | 'allowedFolder' | 'readNested'> {
  table: TomlTable;
  /** Whether the file was read from standard input. */
  isFromStdin: boolean;
}

/**
 * What `finish` of `readNarrative` returns. The narrative is complete only if neither `readNarrative` nor `checkShape`
 * found an error.
 */
export interface ReadNarrativeResult extends References {
  narrative: Narrative;
  /** All problems except those that `checkShape` finds. */
  problems: Problem[];
  /** The media whose `file` or `url` contains placeholders. */
  mediaTemplates: readonly LocatedMediaTemplate[];
}

/**
 * Reads a narrative from the table of a file, and its nested narratives. Reading media, text files and schemas becomes
 * `pending` tasks. These must run one after the other, because a narrative with thousands of images must not open them
 * all at once. Most files have no such tasks and are read without a promise, which saves time in a folder of thousands
 * of files. After all tasks, `finish` checks the references.
 */
export function readNarrative({ table: file, folder, allowedFolder, readNested, isFromStdin }: NarrativeSource) {
  const problems: Problem[] = [];
  const pending: (() => Promise<void>)[] = [];
  const mediaTemplates: LocatedMediaTemplate[] = [];
  const texts: TemplateText[] = [];
  const mediaByReference = new Map<string, MediaInput | MediaTemplate | undefined>();
  const report = (problem: Problem) => void problems.push(problem);
  const { tableName, defaults, fillsPlaceholders, narrative } = readNarrativeTable(file, report);
  const options = {
    folder,
    allowedFolder,
    fillsPlaceholders,
    report,
    defaults,
    readNested: (name: string, keyPath: Path, reportNested: ReportProblem) => {
      if (file.toc === undefined) report(createMissingOrderProblem(keyPath));
      return readNested(name, keyPath, reportNested);
    },
    mediaByReference,
    onTemplate: (located: LocatedMediaTemplate) => void mediaTemplates.push(located),
    onText: (templateText: TemplateText) => void texts.push(templateText),
    defer: (task: () => Promise<void>) => void pending.push(task),
  };
  readNamedMedia(file.media, mediaByReference, options);
  const acts = readActs(file, options);
  const toc = isTable(file.toc) ? file.toc : {};
  if (isTable(file.acts))
    narrative.acts = file.toc === undefined ? orderByFile(file.acts, acts, report) : readOrder(toc.order, acts, report);
  if (typeof toc.carousel === 'number' && toc.carousel > 1) narrative.rounds = toc.carousel;
  const vars = readVars(file.vars);
  if (vars.size > 0) narrative.vars = vars;

  const finish = (): ReadNarrativeResult => {
    // In reverse order, because a Map keeps the last entry of a repeated name, and the first position is needed.
    const firstPositions = new Map(narrative.acts.map(({ name }, index) => [name, index] as const).reverse());
    const scope = { acts, firstPositions, vars, isFromStdin };
    checkContexts(file, tableName, scope, report);
    addSystemText(texts, defaults, tableName, narrative.acts);
    for (const templateText of createFileAndUrlTexts(mediaTemplates, acts.values())) texts.push(templateText);
    return { narrative, problems, mediaTemplates, ...checkReferences(fillsPlaceholders ? texts : [], scope, report) };
  };
  return { narrative, pending, finish };
}

function readActs(file: TomlTable, options: ActReadOptions): ReadonlyMap<string, Act> {
  const acts = new Map<string, Act>();
  if (!isTable(file.acts)) return acts;
  for (const name in file.acts) {
    const hasBuiltInMeaning = reservedNames.includes(name) || isRowName(name) || getVariableName(name) !== undefined;
    if (options.fillsPlaceholders && hasBuiltInMeaning) {
      const message = `{{${name}}} has a built-in meaning, so texts can't refer to this act`;
      options.report(warningAt('reserved-name', ['acts', name], message));
    }
    acts.set(name, readAct(name, file.acts[name] as TomlValue, options));
  }
  return acts;
}

/** Adds the system text of the narrative, which is sent with the acts that have no system text of their own. */
function addSystemText(texts: TemplateText[], { system }: ActSettings, tableName: string, order: readonly Act[]): void {
  if (system === undefined) return;
  const actNames = order.filter((act) => act.system === system).map(({ name }) => name);
  texts.push({ text: system, keyPath: [tableName, 'system'], actNames, usedAs: 'text' });
}

/** Reads the table `[narrative]`, which older files call `[narration]` or `[metadata]`. */
function readNarrativeTable(file: TomlTable, report: ReportProblem) {
  const [key = 'narrative', second] = narrativeTableAliases.filter((name) => file[name] !== undefined);
  const table = file[key];
  if (table === undefined) report(errorAt('missing-table', [key], 'the file has no [narrative]'));
  if (second !== undefined) {
    const names = key === 'narrative' ? `its older name [${second}]` : `[${second}], two names of the same table`;
    const message = `the file has both [${key}] and ${names}`;
    report(errorAt('conflicting-tables', [second], message, { target: 'key' }));
  }
  const narrative: Narrative = { name: '', acts: [] };
  const { name, description, templates } = isTable(table) ? table : {};
  if (typeof name === 'string') narrative.name = name;
  if (typeof name === 'string' && name.trim() === '')
    report(errorAt('empty-name', [key, 'name'], `the narrative's name is empty`));
  if (typeof description === 'string') narrative.description = description;
  if (templates === false) narrative.templates = false;
  const defaults = readActSettings(isTable(table) ? table : {}, [key], report);
  return { tableName: key, narrative, defaults, fillsPlaceholders: templates !== false };
}

/** Returns the acts in the order of the file, for a file without `[toc]`. */
function orderByFile(table: TomlTable, acts: ReadonlyMap<string, Act>, report: ReportProblem): Act[] {
  const names = listKeysInFileOrder(table);
  if (names.length === 0) report(errorAt('empty-order', ['acts'], '[acts] is empty; define at least one act'));
  return names.flatMap((name) => acts.get(name) ?? []);
}

/**
 * Creates the problem of a reference to a nested narrative in a file without `[toc]`. Such a file must list its acts: a
 * nested narrative may make many requests, so it must not run just because an act for it is in the file.
 */
function createMissingOrderProblem(keyPath: Path): Problem {
  const act = quote(String(keyPath[1]));
  return errorAt('missing-order', keyPath, `the act ${act} runs a narrative, so the file needs [toc] with an "order"`);
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
      report(warningAt('unused-act', ['acts', name], `the act ${quote(name)} is not listed in "order"`));
  }
  const orderedActs: Act[] = [];
  order.forEach((name, index) => {
    if (typeof name !== 'string') return;
    const act = acts.get(name);
    if (act) orderedActs.push(act);
    else {
      const message = `"order" lists the act ${quote(name)}, which does not exist`;
      const suggestionQuery = { name, candidates: acts.keys() };
      report(errorAt('unknown-act', ['toc', 'order', index], message, { suggestionQuery }));
    }
  });
  return orderedActs;
}

/** Reads `[vars]`, with numbers and booleans as text. `checkShape` reports values of other types. */
function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (!isTable(vars)) return values;
  for (const name in vars) values.set(name, typeof vars[name] === 'object' ? '' : String(vars[name]));
  return values;
}

/**
 * Returns each `file` or `url` with placeholders as a template text, with the acts that use the media. An input with
 * `ref` has a copy of the template of its `[media]` entry. The copy is not returned: its act is listed with the
 * original.
 */
function createFileAndUrlTexts(located: readonly LocatedMediaTemplate[], acts: Iterable<Act>): TemplateText[] {
  if (located.length === 0) return [];
  const originalByCopy = new Map<MediaTemplate, MediaTemplate>();
  for (const { template, entryTemplate } of located) if (entryTemplate) originalByCopy.set(template, entryTemplate);
  const actNamesByTemplate = new Map<MediaTemplate, string[]>();
  for (const { name, inputs } of acts) {
    for (const input of inputs) {
      if (input.type !== 'media-template') continue;
      const template = originalByCopy.get(input) ?? input;
      const actNames = actNamesByTemplate.get(template);
      if (actNames) actNames.push(name);
      else actNamesByTemplate.set(template, [name]);
    }
  }
  return located
    .filter(({ entryTemplate }) => !entryTemplate)
    .map(({ template, keyPath }) => ({
      text: template.text,
      keyPath,
      actNames: actNamesByTemplate.get(template) ?? [],
      usedAs: 'media',
    }));
}
