import type { CommandNode, Flag, Values } from './command-tree.js';

/**
 * A text as one word of bash, zsh or fish. Only in fish a backslash means something between single quotes: so it stands
 * outside of them, as the quotes themselves do.
 */
export function quoteWord(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`;
}

/** A flag that something must follow. */
export type FlagWithValue = Flag & { values: Values };

/** The flags of a command that something must follow. */
export function flagsWithValues({ flags }: CommandNode): FlagWithValue[] {
  return flags.filter((flag): flag is FlagWithValue => flag.values !== undefined);
}
