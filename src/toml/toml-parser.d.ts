/** Declares the members of the state machine in @iarna/toml that `parse-toml.ts` uses. */
declare module '@iarna/toml/lib/toml-parser.js' {
  export default class TOMLParser {
    /** Index of the current character. */
    ii: number;
    /** The part of the current token that has been read. */
    state: { buf: string };
    parse(text: string): void;
    finish(): import('./toml.js').TomlTable;
    recordAssignKeyword(key: string): unknown;
    parseTableMore(key: string): unknown;
    parseListMore(key: string): unknown;
    returnNow(value: unknown): unknown;
  }
}
