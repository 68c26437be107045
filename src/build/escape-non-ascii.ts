import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Escapes the characters beyond ASCII in the CommonJS files of a folder and of its subfolders, because
 * bin/compile-cache.js reads them as Latin-1. With `charset: 'ascii'` esbuild escapes strings, but not regular
 * expressions (esbuild.github.io/api/#charset, read 2026-11-30).
 */
export function escapeFiles(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.cjs')) continue;
    const path = join(folder, name);
    const code = readFileSync(path, 'utf8');
    const escaped = escapeNonAscii(code);
    if (escaped !== code) writeFileSync(path, escaped);
  }
}

/**
 * Escapes the characters beyond ASCII in a script. In a bundle, all of them are within regular expressions.
 * @throws Error if such a character follows a backslash: `\ü` would become `\\u00fc`, an escaped backslash and text
 */
export function escapeNonAscii(code: string): string {
  const misplaced = /.{0,40}\\[^\0-\x7f]/.exec(code)?.[0];
  if (misplaced !== undefined) throw new Error(`a character beyond ASCII follows a backslash: ${misplaced}`);
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
