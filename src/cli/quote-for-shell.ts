/**
 * Quotes a text as one word for sh, bash, zsh and fish. Backslashes are placed outside the single quotes, because fish,
 * unlike the other shells, interprets a backslash inside single quotes.
 */
export function quoteForShell(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`;
}
