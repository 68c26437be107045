import type { Diagnostic } from './diagnostic.js';
import { decodeText } from './file-text.js';
import { parseToml } from './parse-toml.js';
import type { TomlTable } from './toml.js';

/** A file's text, for code frames, and the table that it is; or the one fault that keeps it from being one. */
export type ReadToml = { text: string; table: TomlTable } | { text: string; fault: Diagnostic };

/** Reads the bytes of a TOML file. */
export async function readToml(bytes: Uint8Array): Promise<ReadToml> {
  const { text, fault } = decodeText(bytes);
  return { text, ...(fault ? { fault } : await parseToml(text)) };
}
