/**
 * Quotes a text as one word of sh, bash, zsh or fish. A backslash is placed outside the single quotes, because fish, unlike
 * the others, interprets it inside them.
 */
export function quoteForShell(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`;
}
