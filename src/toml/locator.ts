import type { AST } from 'toml-eslint-parser';
import type { Location } from './diagnostic.js';
import type { Problem } from './problem.js';
import type { Path } from './toml.js';

type LocationQuery = Pick<Problem, 'path' | 'target' | 'excerpt' | 'occurrence'>;
type Step = Path[number];

/** What stands at one path of the file: where its key is written, where its value, and what is in it. */
interface PathNode {
  key?: AST.HasLocs;
  value?: AST.HasLocs;
  children: Map<Step, PathNode>;
}

/**
 * The longest text that is worth reading with that second parser, which makes a thousand bytes of each ten: 60 MB of short
 * lines kept it busy for minutes and took 4.5 GB (2026-11). The faults of a longer one are told without their places.
 */
export const maxLocatableLength = 5_000_000;

/**
 * Reads a text a second time, with a parser that knows where everything stands, and so loaded only when there is
 * something to say. What that parser can't read has no places.
 */
export async function createLocator(text: string): Promise<(query: LocationQuery) => Location | undefined> {
  const root: PathNode = { children: new Map() };
  if (text.length > maxLocatableLength) return () => undefined;
  try {
    const { parseTOML } = await import('toml-eslint-parser');
    addTopLevel(root, parseLeniently(text, parseTOML).body[0]);
  } catch {
    // It refuses some files that @iarna/toml takes, and overflows the stack on deep nesting.
    return () => undefined;
  }
  const lineIndex = createLineIndex(text);
  return (query) => {
    const range = findRange(root, query);
    if (!range) return undefined;
    if (query.excerpt !== undefined) {
      const start = findExcerpt(text, query.excerpt, range.range[0], query.occurrence);
      if (start !== -1 && start < range.range[1]) return lineIndex.locate(start, query.excerpt.length);
    }
    const { start, end } = range.loc;
    const lineEnd = start.line === end.line ? end.column : lineIndex.lengthOf(start.line);
    return { line: start.line, column: start.column + 1, length: Math.max(1, lineEnd - start.column) };
  };
}

type ParseToml = typeof import('toml-eslint-parser').parseTOML;

function parseLeniently(text: string, parse: ParseToml): AST.TOMLProgram {
  try {
    return parse(text);
  } catch {
    return parse(replaceInvalidDates(text));
  }
}

/** @iarna/toml takes 30 February for a date, and the other parser does not. Days that every month has stand in the same places. */
function replaceInvalidDates(text: string): string {
  return text.replaceAll(/(?<=[\s=,[]\d{4}-(?:0[1-9]|1[0-2])-)(?:29|30|31)(?=[\sTt,\]}#]|$)(?![ \t]*[=.])/g, '28');
}

function findExcerpt(text: string, excerpt: string, from: number, occurrence = 0): number {
  let start = text.indexOf(excerpt, from);
  for (let before = 0; before < occurrence && start !== -1; before += 1) start = text.indexOf(excerpt, start + 1);
  return start;
}

/** The lines of a text, looked up by halving: a long file may have a fault on each. */
function createLineIndex(text: string) {
  const starts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  const startOf = (line: number) => starts[line - 1] ?? 0;
  const lengthOf = (line: number) => (starts[line] ?? text.length + 1) - 1 - startOf(line);
  return {
    lengthOf,
    /** The place of a stretch that does not leave its line. */
    locate(start: number, length: number): Location {
      let [line, upper] = [1, starts.length + 1];
      while (upper - line > 1) {
        const middle = (line + upper) >> 1;
        if (startOf(middle) <= start) line = middle;
        else upper = middle;
      }
      return { line, column: start - startOf(line) + 1, length };
    },
  };
}

/** The range to point at. A table that is made of headers has no value of its own: its header stands for it. */
function findRange(root: PathNode, { path, target }: LocationQuery): AST.HasLocs | undefined {
  let node: PathNode | undefined = root;
  for (const step of path) node = node?.children.get(step);
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

/** Goes down a path of which the names, but not the positions in arrays, are written as `keys`. */
function addPath(start: PathNode, path: Path, keys: readonly AST.HasLocs[]): PathNode {
  let node = start;
  let nameCount = 0;
  for (const step of path) {
    node = getOrCreateChild(node, step);
    // A position is where the name before it is written: `input` in the second [[acts.x.input]], say.
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
