import type { AST } from 'toml-eslint-parser';
import type { Place } from './diagnostic.js';
import type { Fault } from './fault.js';
import type { Path } from './toml.js';

type Where = Pick<Fault, 'path' | 'target' | 'excerpt' | 'occurrence'>;
type Step = Path[number];

/** What stands at one path of the file: where its key is written, where its value, and what is in it. */
interface Node {
  key?: AST.HasLocs;
  value?: AST.HasLocs;
  children: Map<Step, Node>;
}

/**
 * The longest text that is worth reading with that second parser, which makes a thousand bytes of each ten: 60 MB of short
 * lines kept it busy for minutes and took 4.5 GB (2026-11). The faults of a longer one are told without their places.
 */
export const mostPlaceable = 5_000_000;

/**
 * Reads a text a second time, with a parser that knows where everything stands, and so loaded only when there is
 * something to say. What that parser can't read has no places.
 */
export async function placeFinder(text: string): Promise<(where: Where) => Place | undefined> {
  const root: Node = { children: new Map() };
  if (text.length > mostPlaceable) return () => undefined;
  try {
    const { parseTOML } = await import('toml-eslint-parser');
    addTopLevel(root, parsed(text, parseTOML).body[0]);
  } catch {
    // It refuses some files that @iarna/toml takes, and overflows the stack on deep nesting.
    return () => undefined;
  }
  const lines = createLines(text);
  return (where) => {
    const range = rangeOf(root, where);
    if (!range) return undefined;
    if (where.excerpt !== undefined) {
      const start = indexOfExcerpt(text, where.excerpt, range.range[0], where.occurrence);
      if (start !== -1 && start < range.range[1]) return lines.placeOf(start, where.excerpt.length);
    }
    const { start, end } = range.loc;
    const lineEnd = start.line === end.line ? end.column : lines.lengthOf(start.line);
    return { line: start.line, column: start.column + 1, length: Math.max(1, lineEnd - start.column) };
  };
}

type Parse = typeof import('toml-eslint-parser').parseTOML;

function parsed(text: string, parse: Parse): AST.TOMLProgram {
  try {
    return parse(text);
  } catch {
    return parse(withPossibleDates(text));
  }
}

/** @iarna/toml takes 30 February for a date, and the other parser does not. Days that every month has stand in the same places. */
function withPossibleDates(text: string): string {
  return text.replaceAll(/(?<=[\s=,[]\d{4}-(?:0[1-9]|1[0-2])-)(?:29|30|31)(?=[\sTt,\]}#]|$)(?![ \t]*[=.])/g, '28');
}

function indexOfExcerpt(text: string, excerpt: string, from: number, occurrence = 0): number {
  let start = text.indexOf(excerpt, from);
  for (let before = 0; before < occurrence && start !== -1; before += 1) start = text.indexOf(excerpt, start + 1);
  return start;
}

/** The lines of a text, looked up by halving: a long file may have a fault on each. */
function createLines(text: string) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const startOf = (line: number) => starts[line - 1] ?? 0;
  const lengthOf = (line: number) => (starts[line] ?? text.length + 1) - 1 - startOf(line);
  return {
    lengthOf,
    /** The place of a stretch that does not leave its line. */
    placeOf(start: number, length: number): Place {
      let [line, after] = [1, starts.length + 1];
      while (after - line > 1) {
        const middle = (line + after) >> 1;
        if (startOf(middle) <= start) line = middle;
        else after = middle;
      }
      return { line, column: start - startOf(line) + 1, length };
    },
  };
}

/** The range to point at. A table that is made of headers has no value of its own: its header stands for it. */
function rangeOf(root: Node, { path, target }: Where): AST.HasLocs | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = node?.children.get(step);
  return target === 'key' ? (node?.key ?? node?.value) : (node?.value ?? node?.key);
}

function childOf(node: Node, step: Step): Node {
  const known = node.children.get(step);
  if (known) return known;
  const child: Node = { children: new Map() };
  node.children.set(step, child);
  return child;
}

function addTopLevel(root: Node, topLevel: AST.TOMLTopLevelTable): void {
  for (const item of topLevel.body) {
    if (item.type === 'TOMLKeyValue') {
      addKeyValue(root, item);
      continue;
    }
    const header = descend(root, item.resolvedKey, item.key.keys);
    for (const keyValue of item.body) addKeyValue(header, keyValue);
  }
}

/** Goes down a path of which the names, but not the positions in arrays, are written as `keys`. */
function descend(from: Node, path: Path, keys: readonly AST.HasLocs[]): Node {
  let node = from;
  let written = 0;
  for (const step of path) {
    node = childOf(node, step);
    // A position is where the name before it is written: `input` in the second [[acts.x.input]], say.
    if (typeof step === 'string') written += 1;
    const key = keys[written - 1];
    if (key) node.key ??= key;
  }
  return node;
}

function addKeyValue(table: Node, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map((name) => (name.type === 'TOMLBare' ? name.name : name.value));
  addValue(descend(table, names, key.keys), value);
}

function addValue(node: Node, value: AST.TOMLContentNode): void {
  node.value = value;
  if (value.type === 'TOMLArray') {
    for (const [position, element] of value.elements.entries()) addValue(childOf(node, position), element);
  }
  if (value.type === 'TOMLInlineTable') {
    for (const keyValue of value.body) addKeyValue(node, keyValue);
  }
}
