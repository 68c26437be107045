import { decodeText } from './decode-text.js';
import { diagnoseSyntax } from './diagnose-syntax.js';
import type { Diagnostic } from './diagnostic.js';
import { parseToml } from './parse-toml.js';
import type { TomlTable } from './toml.js';

/** A file's text, for code frames, and the table that it is; or the one fault that keeps it from being one. */
export type TomlReadResult = { text: string; table: TomlTable } | { text: string; diagnostic: Diagnostic };

/** A file's text, for code frames, and the table that it is; or what finds the one fault that keeps it from being one. */
export type TomlParseResult =
  | { text: string; table: TomlTable }
  | { text: string; diagnose: () => Promise<Diagnostic> };

/** Reads the bytes of a TOML file. A text that is no TOML is one fault: a parser can't know what the author meant after it. */
export async function readToml(bytes: Uint8Array): Promise<TomlReadResult> {
  const parsed = parseTomlFile(bytes);
  return 'table' in parsed ? parsed : { text: parsed.text, diagnostic: await parsed.diagnose() };
}

/** The same, as far as it goes without waiting: what finds faults is loaded only where there is one. */
export function parseTomlFile(bytes: Uint8Array): TomlParseResult {
  const { text, diagnostic } = decodeText(bytes);
  if (diagnostic) return { text, diagnose: async () => diagnostic };
  const parsed = parseToml(text);
  if ('table' in parsed) return { text, table: parsed.table };
  return { text, diagnose: () => diagnoseSyntax(text, parsed) };
}
