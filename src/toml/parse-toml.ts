import TomlParser from '@iarna/toml/lib/toml-parser.js';
import { convertToml11 } from './convert-toml-1.1.js';
import { isTable, type TomlTable, type TomlValue } from './toml.js';

/** Why a text is not valid TOML: the error that the parser threw, and where the parser was at that moment. */
export interface ParseFailure {
  ok: false;
  error: Error;
  /** The position in UTF-16 code units, which may be past the end of the text. */
  offset: number;
}

/** Parses the text of a TOML file, in TOML 1.0 or 1.1. */
export function parseToml(text: string): { ok: true; table: TomlTable } | ParseFailure {
  const result = parseToml10(text);
  if (result.ok) return result;
  const converted = convertToml11(text);
  if (!converted) return result;
  const convertedResult = parseToml10(converted.text);
  if (convertedResult.ok) return convertedResult;
  return { ...convertedResult, offset: converted.toOriginalOffset(convertedResult.offset) };
}

function parseToml10(text: string): { ok: true; table: TomlTable } | ParseFailure {
  const parser = new EscapingParser();
  let table: TomlTable;
  try {
    parser.parse(text);
    table = parser.finish();
  } catch (thrown) {
    // The parser throws only on invalid input: a TomlError, or a bare TypeError for an invalid date.
    return { ok: false, error: thrown as Error, offset: parser.ii };
  }
  removePrototypes(table, parser.hasEscapedNames);
  return { ok: true, table };
}

const escapePrefix = '\0';

/**
 * Adds a prefix to names that JavaScript objects inherit. Without it, @iarna/toml 3.0.0 confuses inherited
 * properties with keys of the file: `[acts.toString]` would write into JavaScript's own toString, for the whole
 * process. Also adds it to names such as `2`, which JavaScript objects would list before all others, and to names that
 * begin with the prefix, so that removing one prefix restores every name. Texts without such names are parsed by this
 * class too, because V8 is faster if all parsers have one class.
 */
class EscapingParser extends TomlParser {
  /** Whether any name was parsed with the prefix. */
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
    if (!inheritedNames.has(key) && !key.startsWith(escapePrefix) && !hasLeadingDigit(key)) return key;
    this.hasEscapedNames = true;
    return `${escapePrefix}${key}`;
  }

  /**
   * Restores whole numbers that the parser truncates to 64 bits. Otherwise a template variable that is a larger number
   * would be sent as another number.
   */
  override returnNow(value: unknown): unknown {
    const boxed = value as { value?: unknown } | null | undefined;
    if (typeof boxed?.value === 'bigint') boxed.value = BigInt(this.state.buf);
    return super.returnNow(value);
  }
}

const inheritedNames = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Whether a name begins with a digit, as do all names that JavaScript objects would list first. Escaping a few more
 * names does no harm.
 */
function hasLeadingDigit(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 48 && first <= 57;
}

/** The keys, in the order of the file, of each table whose keys JavaScript may list in another order. */
const keyOrders = new WeakMap<TomlTable, readonly string[]>();

/** Returns the keys of a table in the order of the file. */
export function listKeysInFileOrder(table: TomlTable): readonly string[] {
  return keyOrders.get(table) ?? Object.keys(table);
}

/**
 * Removes the prototype of every table, so that a lookup finds only keys of the file. Also removes the prefix of
 * escaped names.
 */
function removePrototypes(root: TomlTable, hasEscapedNames: boolean): void {
  const pending: TomlValue[] = [root];
  // The list grows during iteration. Recursion is not used, because deep nesting could overflow the stack.
  for (const value of pending) {
    // `indexOf` is called only because it makes V8 flatten the string. The parser appends character by character, and
    // V8 keeps each piece until the string is read: 8 MB of base64 take 190 MB (measured 2026-11).
    if (typeof value === 'string') value.indexOf('\0');
    else if (Array.isArray(value)) {
      for (const element of value) if (needsVisit(element)) pending.push(element);
    } else if (isTable(value)) {
      Object.setPrototypeOf(value, null);
      for (const name in value) if (needsVisit(value[name])) pending.push(value[name] as TomlValue);
      if (hasEscapedNames) unescapeNames(value);
    }
  }
}

/** Whether a value is a table, an array or a long string. */
function needsVisit(value: TomlValue | undefined): boolean {
  return typeof value === 'object' || (typeof value === 'string' && value.length > 10_000);
}

/**
 * Removes the prefix from the names of a table. All keys are deleted before any is added, because a name without its
 * prefix may equal the escaped form of another name. For example, the file's name `\0toString`, escaped as
 * `\0\0toString`, equals the escaped form of `toString`.
 */
function unescapeNames(table: TomlTable): void {
  const entries = Object.entries(table);
  if (!entries.some(([key]) => key.startsWith(escapePrefix))) return;
  for (const [key] of entries) delete table[key];
  const names = entries.map(([key]) => (key.startsWith(escapePrefix) ? key.slice(escapePrefix.length) : key));
  for (const [index, [, value]] of entries.entries()) table[names[index] as string] = value;
  keyOrders.set(table, names);
}
