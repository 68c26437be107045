import type { Diagnostic } from './diagnostic.js';
import { decodeText } from './file-text.js';
import { parseToml } from './parse-toml.js';
import { syntaxFault } from './syntax-fault.js';
import type { TomlTable } from './toml.js';

/** A file's text, for code frames, and the table that it is; or the one fault that keeps it from being one. */
export type ReadToml = { text: string; table: TomlTable } | { text: string; fault: Diagnostic };

/** Reads the bytes of a TOML file. A text that is no TOML is one fault: a parser can't know what the author meant after it. */
export async function readToml(bytes: Uint8Array): Promise<ReadToml> {
  const { text, fault } = decodeText(bytes);
  if (fault) return { text, fault };
  const parsed = parseToml(text);
  return 'table' in parsed ? { text, ...parsed } : { text, fault: await syntaxFault(text, parsed) };
}
