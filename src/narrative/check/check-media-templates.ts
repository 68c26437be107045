import { errorAt } from '../../toml/problem.js';
import { loadMediaTemplate, trimNameValue } from '../parse/load-media-template.js';
import type { ParsedNarrativeFile } from '../parse/parsed-narrative-file.js';
import type { MediaTemplateEntry } from '../parse/read-media.js';
import { getPlaceholderNames, getVariableName, parseTemplate, renderTemplate } from '../template.js';

type Variables = ReadonlyMap<string, string>;

/** Whether any of the files has media whose names are filled. */
export function hasMediaTemplates(files: readonly ParsedNarrativeFile[]): boolean {
  return files.some(({ mediaTemplates }) => mediaTemplates.length > 0);
}

/**
 * Reads the media whose names are made of variables alone, under every name that they have where the files play, and adds
 * what is wrong with them to the files' faults. Media named by replies, standard input or the round are left for their act.
 * @param overrides beats the variables of all files
 */
export async function checkMediaTemplates(root: ParsedNarrativeFile, overrides: Variables): Promise<void> {
  const getRelevantVariables = createVariableLookup();
  const visited = new Map<ParsedNarrativeFile, Set<string>>();

  const visit = async (file: ParsedNarrativeFile, outerVars: Variables): Promise<void> => {
    const relevant = getRelevantVariables(file);
    if (!relevant) return;
    const vars = new Map([...(file.narrative?.vars ?? []), ...outerVars]);
    // Only where its media have other names is a file worth a second look.
    const key = JSON.stringify([...relevant].map((name) => vars.get(name) ?? null));
    const seen = visited.get(file) ?? new Set();
    if (seen.has(key)) return;
    visited.set(file, seen.add(key));
    for (const entry of file.mediaTemplates) await checkTemplate(entry, vars, file);
    for (const innerFile of file.innerFiles) await visit(innerFile, vars);
  };
  await visit(root, overrides);
}

/** Tells which variables the names of media in a file, or in what it plays, are made of; undefined where none is filled. */
function createVariableLookup(): (file: ParsedNarrativeFile) => ReadonlySet<string> | undefined {
  const cache = new Map<ParsedNarrativeFile, ReadonlySet<string> | undefined>();
  return function collectVariables(file) {
    if (cache.has(file)) return cache.get(file);
    const innerVariables = file.innerFiles.map(collectVariables).filter((variables) => variables !== undefined);
    const ownNames = file.mediaTemplates.flatMap(({ template }) =>
      getPlaceholderNames(template.text).map(getVariableName),
    );
    const all = new Set([
      ...ownNames.filter((name) => name !== undefined),
      ...innerVariables.flatMap((names) => [...names]),
    ]);
    cache.set(file, file.mediaTemplates.length + innerVariables.length > 0 ? all : undefined);
    return cache.get(file);
  };
}

async function checkTemplate(
  { template, path, base }: MediaTemplateEntry,
  vars: Variables,
  { problems }: ParsedNarrativeFile,
): Promise<void> {
  const name = renderWithVariables(template.text, vars);
  if (name === undefined) return;
  // What is wrong with it under its own name is told there.
  if (template.loaded.has(name) || (base && !base.loaded.has(name))) return;
  const result = await loadMediaTemplate(template, name);
  if ('media' in result) {
    template.loaded.set(name, result.media);
    return;
  }
  const { rule, message, about } = result.problem;
  // Other variables may have changed, and the name not. What is wrong with a type that is stated was told when that was read.
  const isReported =
    about === 'mime' || problems.some((existing) => existing.path === path && existing.message === message);
  if (!isReported) problems.push(errorAt(rule, path, message));
}

/** The text filled with variables, if they are all that it needs. */
function renderWithVariables(text: string, vars: Variables): string | undefined {
  let hasMissingValue = false;
  const rendered = renderTemplate(parseTemplate(text).parts, (name) => {
    const variable = getVariableName(name);
    const value = variable === undefined ? undefined : vars.get(variable);
    if (value === undefined) hasMissingValue = true;
    return trimNameValue(value ?? '');
  });
  return hasMissingValue ? undefined : rendered;
}
