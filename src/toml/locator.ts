import type { AST } from 'toml-eslint-parser';
import type { Location } from './diagnostic.js';
import type { Problem } from './problem.js';
import type { Path } from './toml.js';

type LocationQuery = Pick<Problem, 'keyPath' | 'target' | 'excerpt' | 'occurrence'>;
type Step = Path[number];

/** A key path in the file: the ranges of its key and its value, and its children. */
interface PathNode {
  key?: AST.HasLocs;
  value?: AST.HasLocs;
  children: Map<Step, PathNode>;
}

/**
 * The longest text to parse for locations, in UTF-16 code units. toml-eslint-parser needs about 100 bytes of memory
 * per byte of input: 60 MB of short lines took minutes and 4.5 GB (measured 2026-11). Problems in longer texts have no
 * location.
 */
export const maxLocatableLength = 5_000_000;

/**
 * Parses a text again, and returns a function that finds the location of a problem in it. The text is parsed with
 * toml-eslint-parser, which records ranges. That parser is slower than @iarna/toml, so it is loaded only if there is a
 * problem to locate. No location is found in a text that it rejects, or that is longer than `maxLocatableLength`.
 */
export async function createLocator(text: string): Promise<(query: LocationQuery) => Location | undefined> {
  const root: PathNode = { children: new Map() };
  if (text.length > maxLocatableLength) return () => undefined;
  try {
    const { parseTOML } = await import('toml-eslint-parser');
    addTopLevel(root, parseLeniently(text, parseTOML).body[0]);
  } catch {
    // toml-eslint-parser rejects some files that @iarna/toml accepts, and overflows the stack on deep nesting.
    return () => undefined;
  }
  return (query) => {
    const found = findRange(root, query);
    if (!found) return undefined;
    const [from, to] = found.range;
    const { start, end } = found.loc;
    const [line, column] = [start.line, start.column + 1];
    const { excerpt, occurrence } = query;
    const excerptStart = excerpt === undefined ? -1 : findExcerpt(text, excerpt, from, occurrence);
    if (excerpt !== undefined && excerptStart !== -1 && excerptStart < to) {
      const lines = text.slice(from, excerptStart).split('\n');
      const offset = lines.at(-1)?.length ?? 0;
      return {
        line: line + lines.length - 1,
        column: lines.length === 1 ? column + offset : offset + 1,
        length: excerpt.length,
      };
    }
    const firstLineEnd = start.line === end.line ? to : text.indexOf('\n', from);
    return { line, column, length: Math.max(1, firstLineEnd - from) };
  };
}

function parseLeniently(text: string, parse: (text: string) => AST.TOMLProgram): AST.TOMLProgram {
  try {
    return parse(text);
  } catch {
    return parse(replaceInvalidDates(text));
  }
}

/**
 * Replaces the days 29 to 31 in dates with 28, so that dates like 30 February, which only @iarna/toml accepts, become
 * valid. The text keeps its length, so locations stay correct.
 */
function replaceInvalidDates(text: string): string {
  return text.replaceAll(/(?<=[\s=,[]\d{4}-(?:0[1-9]|1[0-2])-)(?:29|30|31)(?=[\sTt,\]}#]|$)(?![ \t]*[=.])/g, '28');
}

function findExcerpt(text: string, excerpt: string, from: number, occurrence = 0): number {
  let start = text.indexOf(excerpt, from);
  for (let before = 0; before < occurrence && start !== -1; before += 1) start = text.indexOf(excerpt, start + 1);
  return start;
}

/** Returns the range to point at. A table with a header has no value of its own, so its header is used. */
function findRange(root: PathNode, { keyPath, target }: LocationQuery): AST.HasLocs | undefined {
  let node: PathNode | undefined = root;
  for (const step of keyPath) node = node?.children.get(step);
  return target === 'key' ? (node?.key ?? node?.value) : (node?.value ?? node?.key);
}

function getOrCreateChild(node: PathNode, step: Step): PathNode {
  const existing = node.children.get(step);
  if (existing) return existing;
  const child: PathNode = { children: new Map() };
  node.children.set(step, child);
  return child;
}

function addTopLevel(root: PathNode, topLevel: AST.TOMLTopLevelTable): void {
  for (const item of topLevel.body) {
    if (item.type === 'TOMLKeyValue') {
      addKeyValue(root, item);
      continue;
    }
    const header = addPath(root, item.resolvedKey, item.key.keys);
    for (const keyValue of item.body) addKeyValue(header, keyValue);
  }
}

/** Adds the nodes of a path. `keys` are the ranges of its names; array indexes have no ranges of their own. */
function addPath(start: PathNode, keyPath: Path, keys: readonly AST.HasLocs[]): PathNode {
  let node = start;
  let nameCount = 0;
  for (const step of keyPath) {
    node = getOrCreateChild(node, step);
    // An index has the range of the name before it, for example `input` in the second [[acts.x.input]].
    if (typeof step === 'string') nameCount += 1;
    const key = keys[nameCount - 1];
    if (key) node.key ??= key;
  }
  return node;
}

function addKeyValue(table: PathNode, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map((name) => (name.type === 'TOMLBare' ? name.name : name.value));
  addValue(addPath(table, names, key.keys), value);
}

function addValue(node: PathNode, value: AST.TOMLContentNode): void {
  node.value = value;
  if (value.type === 'TOMLArray') {
    for (const [index, element] of value.elements.entries()) addValue(getOrCreateChild(node, index), element);
  }
  if (value.type === 'TOMLInlineTable') {
    for (const keyValue of value.body) addKeyValue(node, keyValue);
  }
}
