import { errorAt } from '../../toml/problem.js';
import { loadMediaTemplate } from '../parse/load-media.js';
import type { ParsedNarrativeFile } from '../parse/parsed-narrative-file.js';
import type { LocatedMediaTemplate } from '../parse/read-media.js';
import { getPlaceholderNames, getVariableName, parseTemplate, renderTemplate } from '../template.js';

type Variables = ReadonlyMap<string, string>;

/**
 * Reads media whose `file` or `url` depends only on variables, once for each file name or URL that the values of these
 * variables produce. If media can't be used, the problem is added to the `problems` of the narrative file that contains
 * the `file` or `url`: of `root` or of a nested file. Media whose `file` or `url` also depends on a reply, the standard
 * input, the round or a row is read when its act runs.
 * @param overrides take precedence over the variables of all files
 */
export async function checkMediaTemplates(root: ParsedNarrativeFile, overrides: Variables): Promise<void> {
  const getVariablesInMediaSources = createVariableCollector();
  const visited = new Map<ParsedNarrativeFile, Set<string>>();

  const visit = async (file: ParsedNarrativeFile, outerVars: Variables): Promise<void> => {
    const relevant = getVariablesInMediaSources(file);
    if (!relevant) return;
    const vars = new Map([...(file.narrative?.vars ?? []), ...outerVars]);
    // A file is visited again only if one of these variables has another value.
    const key = JSON.stringify([...relevant].map((name) => vars.get(name) ?? null));
    const seen = visited.get(file) ?? new Set();
    if (seen.has(key)) return;
    visited.set(file, seen.add(key));
    for (const located of file.mediaTemplates) await checkTemplate(located, vars, file);
    for (const nestedFile of file.nestedFiles) await visit(nestedFile, vars);
  };
  await visit(root, overrides);
}

/**
 * Creates a function that collects the variables in the `file` and `url` of all media, in a narrative file and its
 * nested files. The function returns undefined if no `file` or `url` has a placeholder. If no placeholder is a
 * variable, such as with `{{round}}`, the function returns an empty set.
 */
function createVariableCollector(): (file: ParsedNarrativeFile) => ReadonlySet<string> | undefined {
  const cache = new Map<ParsedNarrativeFile, ReadonlySet<string> | undefined>();
  return function collectVariables(file) {
    if (cache.has(file)) return cache.get(file);
    const nestedVariables = file.nestedFiles.map(collectVariables).filter((variables) => variables !== undefined);
    const ownVariables = file.mediaTemplates.flatMap(({ template }) =>
      getPlaceholderNames(template.text).map(getVariableName),
    );
    const all = new Set([
      ...ownVariables.filter((name) => name !== undefined),
      ...nestedVariables.flatMap((names) => [...names]),
    ]);
    cache.set(file, file.mediaTemplates.length + nestedVariables.length > 0 ? all : undefined);
    return cache.get(file);
  };
}

async function checkTemplate(
  { template, keyPath, entryTemplate }: LocatedMediaTemplate,
  vars: Variables,
  { problems }: ParsedNarrativeFile,
): Promise<void> {
  const fileOrUrl = renderWithVariables(template.text, vars);
  if (fileOrUrl === undefined) return;
  if (template.loaded.has(fileOrUrl)) return;
  // If the input refers to an entry of `[media]` by `ref`, `entryTemplate` is the template of that entry. If the media
  // of the entry could not be read, the problem was reported at the entry.
  if (entryTemplate && !entryTemplate.loaded.has(fileOrUrl)) return;
  const result = await loadMediaTemplate(template, fileOrUrl);
  if (result.ok) {
    template.loaded.set(fileOrUrl, result.media);
    return;
  }
  const { rule, message, about } = result.problem;
  // A problem that other values of the variables cause too is reported once. A wrong declared type does not depend on
  // the variables: it was reported when the template was created.
  const isReported =
    about === 'mime' || problems.some((existing) => existing.keyPath === keyPath && existing.message === message);
  if (!isReported) problems.push(errorAt(rule, keyPath, message));
}

/** Renders a text whose placeholders are all defined variables; returns undefined for any other text. */
function renderWithVariables(text: string, vars: Variables): string | undefined {
  let hasMissingValue = false;
  const rendered = renderTemplate(parseTemplate(text).parts, (name) => {
    const variable = getVariableName(name);
    const value = variable === undefined ? undefined : vars.get(variable);
    if (value === undefined) hasMissingValue = true;
    return value?.trim() ?? '';
  });
  return hasMissingValue ? undefined : rendered;
}
