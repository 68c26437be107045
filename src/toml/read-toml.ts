import { decodeText } from './decode-text.js';
import { diagnoseSyntax } from './diagnose-syntax.js';
import type { Diagnostic } from './diagnostic.js';
import { parseToml } from './parse-toml.js';
import type { TomlTable } from './toml.js';

/** A parsed file, or a function that explains why the file is not valid TOML. `text` is for code frames. */
type TomlFile = { text: string } & (
  | { ok: true; table: TomlTable }
  | { ok: false; diagnose: () => Promise<Diagnostic> }
);

/**
 * Decodes and parses the bytes of a TOML file. If there is a syntax error, it is the only diagnostic, because the text
 * after it can't be interpreted. Only `diagnose` is asynchronous, because it loads toml-eslint-parser.
 */
export function readToml(bytes: Uint8Array): TomlFile {
  const { text, diagnostic } = decodeText(bytes);
  if (diagnostic) return { ok: false, text, diagnose: async () => diagnostic };
  const parsed = parseToml(text);
  return parsed.ok ? { ...parsed, text } : { ok: false, text, diagnose: () => diagnoseSyntax(text, parsed) };
}
