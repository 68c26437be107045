import TomlParser from '@iarna/toml/lib/toml-parser.js';
import { isTable, type TomlTable, type TomlValue } from './toml.js';

/** Why a text is no TOML: what the parser threw, and where it was then. */
export interface ParseFailure {
  error: Error;
  /** In UTF-16 code units; may be past the end. */
  offset: number;
}

/** Parses a file's text. */
export function parseToml(text: string): { table: TomlTable } | ParseFailure {
  const parser = new EscapingParser();
  let table: TomlTable;
  try {
    parser.parse(text);
    table = parser.finish();
  } catch (thrown) {
    // It throws only for what it can't read: a TomlError, or a bare TypeError for an invalid date.
    return { error: thrown as Error, offset: parser.ii };
  }
  removePrototypes(table, parser.hasEscapedNames);
  return { table };
}

const escapePrefix = '\0';

/**
 * @iarna/toml 3.0.0 takes what a table inherits for what stood in the file: `[acts.toString]` would write into
 * JavaScript's own toString, for the whole process. So names that every object inherits are parsed under a mark. A class,
 * for the parser is one, and for texts of all kinds, for a folder of narratives is parsed faster if all of its parsers have
 * one shape.
 */
class EscapingParser extends TomlParser {
  /** Whether any name was parsed under a mark. */
  hasEscapedNames = false;

  override recordAssignKeyword(key: string): unknown {
    return super.recordAssignKeyword(this.escapeName(key));
  }

  override parseTableMore(key: string): unknown {
    return super.parseTableMore(this.escapeName(key));
  }

  override parseListMore(key: string): unknown {
    return super.parseListMore(this.escapeName(key));
  }

  private escapeName(key: string): string {
    if (!inheritedNames.has(key) && !key.startsWith(escapePrefix)) return key;
    this.hasEscapedNames = true;
    return `${escapePrefix}${key}`;
  }

  /** Of a whole number the parser keeps 64 bits, whatever it had: as a variable, another number would be sent. */
  override returnNow(value: unknown): unknown {
    if (typeof value === 'object' && isBigInteger(value)) value.value = BigInt(this.state.buf);
    return super.returnNow(value);
  }
}

function isBigInteger(boxed: object | null): boxed is { value: bigint } {
  return boxed !== null && 'value' in boxed && typeof boxed.value === 'bigint';
}

const inheritedNames = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Takes the prototype from each table, so that no look-up finds what is not in the file, and gives marked names back. */
function removePrototypes(root: TomlTable, hasEscapedNames: boolean): void {
  const pending: TomlValue[] = [root];
  // A list that grows while it is walked: nesting as deep as the file likes can't overflow the stack.
  for (const value of pending) {
    if (typeof value === 'string') flattenString(value);
    else if (Array.isArray(value)) {
      for (const element of value) if (needsVisit(element)) pending.push(element);
    } else if (isTable(value)) {
      Object.setPrototypeOf(value, null);
      for (const name in value) if (needsVisit(value[name])) pending.push(value[name] as TomlValue);
      if (hasEscapedNames) unescapeNames(value);
    }
  }
}

/** A table, an array, or a long text. */
function needsVisit(value: TomlValue | undefined): boolean {
  return typeof value === 'object' || (typeof value === 'string' && value.length > 10_000);
}

/**
 * The parser adds character to character, and V8 keeps each of these pieces until somebody looks into the text: base64 of
 * 8 MB takes 190 (2026-11).
 */
function flattenString(text: string): void {
  text.indexOf('\0');
}

/** All out, all in again: a name that is given back may be another one with its mark. */
function unescapeNames(table: TomlTable): void {
  const entries = Object.entries(table);
  if (!entries.some(([key]) => key.startsWith(escapePrefix))) return;
  for (const [key] of entries) delete table[key];
  for (const [key, inner] of entries)
    table[key.startsWith(escapePrefix) ? key.slice(escapePrefix.length) : key] = inner;
}
