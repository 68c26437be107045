import type { Diagnostic } from './diagnostic.js';
import { decodeText } from './file-text.js';
import { parseToml } from './parse-toml.js';
import { syntaxFault } from './syntax-fault.js';
import type { TomlTable } from './toml.js';

/** A file's text, for code frames, and the table that it is; or the one fault that keeps it from being one. */
export type ReadToml = { text: string; table: TomlTable } | { text: string; fault: Diagnostic };

/** A file's text, for code frames, and the table that it is; or what finds the one fault that keeps it from being one. */
export type ParsedFile = { text: string; table: TomlTable } | { text: string; findFault: () => Promise<Diagnostic> };

/** Reads the bytes of a TOML file. A text that is no TOML is one fault: a parser can't know what the author meant after it. */
export async function readToml(bytes: Uint8Array): Promise<ReadToml> {
  const parsed = parseFile(bytes);
  return 'table' in parsed ? parsed : { text: parsed.text, fault: await parsed.findFault() };
}

/** The same, as far as it goes without waiting: what finds faults is loaded only where there is one. */
export function parseFile(bytes: Uint8Array): ParsedFile {
  const { text, fault } = decodeText(bytes);
  if (fault) return { text, findFault: async () => fault };
  const parsed = parseToml(text);
  if ('table' in parsed) return { text, table: parsed.table };
  return { text, findFault: () => syntaxFault(text, parsed) };
}
