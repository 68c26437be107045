import { decodeText } from './decode-text.js';
import { diagnoseSyntax } from './diagnose-syntax.js';
import type { Diagnostic } from './diagnostic.js';
import { parseToml } from './parse-toml.js';
import type { TomlTable } from './toml.js';

/** The parsed file, or why it is not valid TOML. `text` is for code frames. */
export type TomlReadResult =
  | { ok: true; text: string; table: TomlTable }
  | { ok: false; text: string; diagnostic: Diagnostic };

/** The same as `TomlReadResult`, with a diagnostic that is computed on demand. */
export type TomlParseResult =
  | { ok: true; text: string; table: TomlTable }
  | { ok: false; text: string; diagnose: () => Promise<Diagnostic> };

/** Reads the bytes of a TOML file. A syntax error is the only diagnostic: what follows it cannot be interpreted. */
export async function readToml(bytes: Uint8Array): Promise<TomlReadResult> {
  const parsed = parseTomlFile(bytes);
  return parsed.ok ? parsed : { ok: false, text: parsed.text, diagnostic: await parsed.diagnose() };
}

/** Reads the bytes of a TOML file synchronously. The code that explains errors is loaded only when there is one. */
export function parseTomlFile(bytes: Uint8Array): TomlParseResult {
  const { text, diagnostic } = decodeText(bytes);
  if (diagnostic) return { ok: false, text, diagnose: async () => diagnostic };
  const parsed = parseToml(text);
  return parsed.ok
    ? { ok: true, text, table: parsed.table }
    : { ok: false, text, diagnose: () => diagnoseSyntax(text, parsed) };
}
