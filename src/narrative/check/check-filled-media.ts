import { fault } from '../../toml/fault.js';
import type { ComposedFile } from '../parse/composed-file.js';
import { loadFilled, valueInName } from '../parse/filled-media.js';
import type { MediaPlace } from '../parse/read-media.js';
import { fill, namesUsedIn, parseTemplate, variableNamed } from '../template.js';

type Variables = ReadonlyMap<string, string>;

/** Whether any of the files has media whose names are filled. */
export function hasFilledMedia(files: readonly ComposedFile[]): boolean {
  return files.some(({ mediaPlaces }) => mediaPlaces.length > 0);
}

/**
 * Reads the media whose names are made of variables alone, under every name that they have where the files play, and adds
 * what is wrong with them to the files' faults. Media named by replies, standard input or the round are left for their act.
 * @param given beats the variables of all files
 */
export async function checkFilledMedia(root: ComposedFile, given: Variables): Promise<void> {
  const relevantIn = mediaVariables();
  const visited = new Map<ComposedFile, Set<string>>();

  const visit = async (file: ComposedFile, around: Variables): Promise<void> => {
    const relevant = relevantIn(file);
    if (!relevant) return;
    const vars = new Map([...(file.narrative?.vars ?? []), ...around]);
    // Only where its media have other names is a file worth a second look.
    const key = JSON.stringify([...relevant].map((name) => vars.get(name) ?? null));
    const seen = visited.get(file) ?? new Set();
    if (seen.has(key)) return;
    visited.set(file, seen.add(key));
    for (const place of file.mediaPlaces) await checkPlace(place, vars, file);
    for (const inner of file.played) await visit(inner, vars);
  };
  await visit(root, given);
}

/** Tells which variables the names of media in a file, or in what it plays, are made of; undefined where none is filled. */
function mediaVariables(): (file: ComposedFile) => ReadonlySet<string> | undefined {
  const known = new Map<ComposedFile, ReadonlySet<string> | undefined>();
  return function variablesOf(file) {
    if (known.has(file)) return known.get(file);
    const inner = file.played.map(variablesOf).filter((variables) => variables !== undefined);
    const own = file.mediaPlaces.flatMap(({ template }) => namesUsedIn(template.text).map(variableNamed));
    const all = new Set([...own.filter((name) => name !== undefined), ...inner.flatMap((names) => [...names])]);
    known.set(file, file.mediaPlaces.length + inner.length > 0 ? all : undefined);
    return known.get(file);
  };
}

async function checkPlace(
  { template, path, base }: MediaPlace,
  vars: Variables,
  { faults }: ComposedFile,
): Promise<void> {
  const name = filledBy(template.text, vars);
  if (name === undefined) return;
  // What is wrong with it under its own name is told there.
  if (template.loaded.has(name) || (base && !base.loaded.has(name))) return;
  const result = await loadFilled(template, name);
  if ('media' in result) {
    template.loaded.set(name, result.media);
    return;
  }
  const { rule, message, about } = result.problem;
  // Other variables may have changed, and the name not. What is wrong with a type that is stated was told when that was read.
  const isTold = about === 'mime' || faults.some((told) => told.path === path && told.message === message);
  if (!isTold) faults.push(fault(rule, path, message));
}

/** The text filled with variables, if they are all that it needs. */
function filledBy(text: string, vars: Variables): string | undefined {
  let lacksValue = false;
  const filled = fill(parseTemplate(text).pieces, (name) => {
    const variable = variableNamed(name);
    const value = variable === undefined ? undefined : vars.get(variable);
    if (value === undefined) lacksValue = true;
    return valueInName(value ?? '');
  });
  return lacksValue ? undefined : filled;
}
